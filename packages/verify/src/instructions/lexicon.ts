/** @file Word lists that the IFBench instructions are defined over. */
import { splitWhitespace } from '../text/characters.js';

function wordSet(words: string): ReadonlySet<string> {
  return new Set(splitWhitespace(words));
}

/** English function words that carry little meaning; contractions appear as the pieces left around the apostrophe. */
export const stopWords = wordSet(`
    a about above after again against ain all am an and any are aren as at be because been before being below
    between both but by can couldn d did didn do does doesn doing don down during each few for from further had
    hadn has hasn have haven having he her here hers herself him himself his how i if in into is isn it its
    itself just ll m ma me mightn more most mustn my myself needn no nor not now o of off on once only or other
    our ours ourselves out over own re s same shan she should shouldn so some such t than that the their theirs
    them themselves then there these they this those through to too under until up ve very was wasn we were
    weren what when where which while who whom why will with won wouldn y you your yours yourself yourselves`);

export const coordinatingConjunctions = wordSet('and but for nor or so yet');

/** Personal, possessive, reflexive, demonstrative, interrogative, relative and indefinite pronouns. */
export const pronouns = wordSet(`
    i me we us you he him she her it they them my mine our ours your yours his hers its their theirs myself
    ourselves yourself yourselves himself herself itself themselves this that these those who whom whose which
    what whoever whomever whatever whichever anybody anyone anything everybody everyone everything nobody
    nothing somebody someone something each either neither both all some any none`);

/** The fifty first names that the person-name instruction offers in its prompt. */
export const personNames = splitWhitespace(`
    Emma Liam Sophia Jackson Olivia Noah Ava Lucas Isabella Mason Mia Ethan Charlotte Alexander Amelia Benjamin
    Harper Leo Zoe Daniel Chloe Samuel Lily Matthew Grace Owen Abigail Gabriel Ella Jacob Scarlett Nathan
    Victoria Elijah Layla Nicholas Audrey David Hannah Christopher Penelope Thomas Nora Andrew Aria Joseph
    Claire Ryan Stella Jonathan`);

/** European capitals north of 45 degrees, from north to south, as the instruction's answer key has them. */
export const northernCapitals = splitWhitespace(`
    Reykjavik Helsinki Oslo Tallinn Stockholm Riga Moscow Copenhagen Vilnius Minsk Dublin Berlin Amsterdam
    Warsaw London Brussels Prague Luxembourg Paris Vienna Bratislava Budapest Vaduz Chisinau Bern Ljubljana
    Zagreb`);
