/**
 * @file Whether a text's first word is a verb. A word list with the regular `-ing` and `-ed` forms instead of a tagger:
 * rarer imperatives (`Conceive`, `Embark`) are read as names, which is also what newspaper-trained taggers do.
 */
import { splitWhitespace } from './characters.js';

const verbs = new Set(
  splitWhitespace(`
    abolish accomplish add advise allow am answer appear apply approve are arise ask assist assume attract avoid
    awake be become been believe bring build buy calculate call catch celebrate challenge change check choose
    clarify collect combine come compare complain complete compose conform consider consist constrain contend
    continue cover create criticize cut decide define deliver depend determine develop did do does done draw
    drive eat eliminate enable encourage engage enjoy ensure establish estimate evade evaluate examine exist
    expand expect explain extend finish follow gain generate get give given go grow had handle happen has have hear
    help hire hold identify improve increase indicates insist investigate is join justify keep known lead learn
    leave lend let lift limit list listen locate look lose lost love made maintain make maximize meeting
    minimize modernize move need note observe obtain offer open operate organize outline own participate pay
    perform persuade pick place plan play plead please prefer prepare present preserve pretend prevent produce
    promise promote propel propose protect prove provide publish pull punish purpose pursue push put qualify
    quantify raise rank reach react read realize rebound recall receive recognize recommend recover reduce refer
    refine reflect regulate remain remember remove reorganize repay repeal represent require resemble reset
    resist resolve respond restrain retain rethink return reverse review rewrite ride rise run save say see seek
    seem seize select sell send serve set settle shake shall share shift show shrink simplify simulate sing
    sketch sleep slow solve speak spend stabilize stand start state stay stop subsidize summarize support
    suppose suspect sustain switch take taken talk tap teach tear tell tend test thank think threaten throw told
    touch track train transfer transform translate travel treat try tumble turn understand update upgrade use
    utilize verify visit visualize vote wait wake walk want was watch wave were whack win wish withdraw wonder
    work wrap write wrote`),
);

const notVerbs = new Set(
  splitWhitespace(`
    during trading spring morning evening nothing something everything anything beijing king thing wing string ceiling
    sterling advertising accounting red bed hundred sacred speed need indeed seed feed breed greed weed shed sled`),
);

/** True when the word is, or is spelled like, a verb form: a listed one, `-ing`, or `-ed`. */
export function isVerbForm(word: string): boolean {
  const lower = word.toLowerCase();
  if (verbs.has(lower)) return true;
  return /^\p{L}{2,}(?:ing|ed)$/u.test(lower) && !notVerbs.has(lower);
}
