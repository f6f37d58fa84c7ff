/**
 * @file Which language a text is in: the dominant script decides for most languages, function words and telltale letters
 * decide among those that share one. Covers the languages of the IFEval prompts and their close neighbours. Mixed texts
 * are named after their larger part.
 */
import { splitWhitespace } from './characters.js';

/** Text beyond this many UTF-16 units does not change the answer. */
const sampleLength = 10_000;

const scripts = [
  ['Latin', /\p{Script=Latin}/gu],
  ['Cyrillic', /\p{Script=Cyrillic}/gu],
  ['Arabic', /\p{Script=Arabic}/gu],
  ['Devanagari', /\p{Script=Devanagari}/gu],
  ['Han', /\p{Script=Han}/gu],
  ['Kana', /[\p{Script=Hiragana}\p{Script=Katakana}]/gu],
  ['ko', /\p{Script=Hangul}/gu],
  ['th', /\p{Script=Thai}/gu],
  ['el', /\p{Script=Greek}/gu],
  ['he', /\p{Script=Hebrew}/gu],
  ['bn', /\p{Script=Bengali}/gu],
  ['pa', /\p{Script=Gurmukhi}/gu],
  ['gu', /\p{Script=Gujarati}/gu],
  ['ta', /\p{Script=Tamil}/gu],
  ['te', /\p{Script=Telugu}/gu],
  ['kn', /\p{Script=Kannada}/gu],
  ['ml', /\p{Script=Malayalam}/gu],
] as const;

type Lexicon = Readonly<Record<string, string>>;

const latin: Lexicon = {
  en: `the of and to in is that it was for on are with as at be this have from or had by not but what all were we when your
    can said there use an each which she do how their if will up other about out many then them these so some her would
    make like him into has look more go see no way could people my than been who its now did get may i you they our per
    am yes hi hello here where why because after before over under only very should must while every each any than`,
  es: `el la de que y en un ser se no haber por con su para como estar tener le lo todo pero más hacer o poder este ir otro
    ese si me ya ver porque dar cuando muy sin vez mucho saber sobre mi alguno mismo también hasta año dos querer entre
    así es los las del una al son está hoy ella ellos nos nuestro esta fue hay soy eres tu usted desde donde qué cómo`,
  pt: `o a de que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à seu sua ou ser
    quando muito há nos já está eu também só pelo pela até isso ela entre era depois sem mesmo aos ter seus quem nas me
    esse eles estão você tinha foram essa num nem suas meu às minha têm numa pelos elas havia seja qual será nós tenho`,
  fr: `le la de et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont avec son ou mais comme
    on nous vous elle ils cette aux même ses leur être fait tout je tu sa ont été était si peut très aussi bien où sans
    ces entre mon ma mes votre notre lui donc quand avez avons suis c'est d'un d'une qu'il n'est l'on j'ai`,
  de: `der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass
    sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur bis mehr durch
    man sein wurde sei ich wir ihr mich mir dich dir uns euch kann können muss wenn weil diese dieser dieses keine kein`,
  it: `di e il la che è in un per non una sono con del si da come le dei nel della al i più ha lo gli anche alla ma delle
    dal ci o se questo nella su essere ho mi tra tutto hanno era cui quando molto suo sua dalla fatto così degli prima
    questa noi voi loro io perché cosa sei siamo poi ancora dove quello stato tutti senza dopo ne c'è l'ho un'altra`,
  pl: `i w na z się nie to do że jest o jak a po co tak za od ale przez by czy być dla ma ten już tylko jego oraz są ich
    które który która można może był była było tego także przy jej mnie mi ja ty my wy oni jako jeszcze pod kiedy gdy
    bardzo tym nas was bez te ta ze więc aby lub gdzie ponieważ swoje nad przed między`,
  vi: `và của là có được cho trong không một người những với các để này đã từ khi đến về như ở cũng tôi bạn nhiều hơn vào
    ra thì sẽ nó còn lại rất đó phải làm chúng theo trên tại bị nếu nhưng mà hay cả năm sau ngày trước đi biết gì vì`,
  sw: `na ya wa kwa ni katika za la kama cha hii ili au lakini pia ambao yake wake hiyo kuwa watu vya huo sana hivyo mtu
    bila zaidi ambayo yao wao si hapa kila moja baada kabla wakati mimi wewe yeye sisi ninyi huyu hizi hao nini kwamba
    alisema kuna ndiyo hapana tu kutoka hadi kufanya yangu wangu wetu yetu`,
  fi: `ja on ei se että oli hän en ovat mutta kun niin myös joka sen tai kuin jos ole mitä vain siitä minä sinä he me te
    mukaan sekä jo nyt olen hänen sitä voi ollut olla ne jotka koko kanssa mikä kuka missä miksi koska vielä kaikki
    tämä nämä tässä hyvin paljon sitten eli jälkeen ennen minun sinun`,
  nl: `de het een en van ik te dat die in is niet zijn op aan met als voor had er maar om hem dan zou of wat mijn men dit
    zo door over ze zich bij ook tot je mij uit der daar haar naar heb hoe heeft hebben deze u want nog zal me zij nu ge
    geen omdat iets worden toch al waren veel meer doen toen moet ben zonder kan hun dus alles onder ja werd`,
  sv: `och det att i en jag hon som han på den med var sig för så till är men ett om hade de av icke mig du henne då sin nu
    har inte hans honom skulle hennes där min man ej vid kunde något från ut när efter upp vi dem vara vad över än`,
  da: `og i jeg det at en den til er som på de med han af for ikke der var mig sig men et har om vi min havde ham hun nu
    over da fra du ud sin dem os op man hans hvor eller hvad skal selv her alle vil blev kunne ind når være`,
  no: `og i jeg det at en et den til er som på de med han av ikke der så var meg seg men ett har om vi min mitt ha hadde
    hun nå over da ved fra du ut sin dem oss opp man kan hans hvor eller hva skal selv sjøl her alle vil bli ble`,
  ro: `și în de la a cu pe nu este un o pentru că din care mai sunt au fi ce se ca prin dar sau fost după lui ei ea el nici
    dacă când între foarte acest această aceste unui unei ale al am ai noi voi lor sa său`,
  tr: `ve bir bu da de için ile çok ne gibi daha o ama ben sen biz siz var yok olarak olan sonra kadar en her ki mi mı değil
    ise veya bana sana onu şu çünkü nasıl neden kendi tüm bütün iyi oldu olduğu`,
  id: `yang dan di itu dengan untuk tidak ini dari dalam akan pada juga saya ke karena tersebut bisa ada mereka lebih kata
    tahun sudah atau saat oleh menjadi orang ia telah adalah seperti sebagai bahwa dapat para harus namun kita dua satu
    masih hari hanya kami kamu anda`,
  tl: `ang ng sa na mga ay at ito si ko mo ka niya para kung hindi siya ako ikaw kami tayo sila isang may mayroon din rin
    lang po namin natin dahil kaya pero ni kay nang`,
  ca: `el la de i que en un a per és amb no les del una els al com més però són va ser aquest aquesta seu seva hi han ha molt
    també si quan fins entre ja tot on perquè dels pel pels als ens jo tu`,
  cs: `a se v na je že to s z do o i za jako ale po jsem by si už tak ve co jsou který která které jeho její od pro není při
    nebo byl byla bylo jen také můj jak když aby podle tím může`,
  hr: `i u je se na da za su od s ne što kao to o koji koja koje ili bi ali iz sam si smo ste te već biti bio bila sve
    samo kako može ima nije ako jer prema`,
  hu: `a az és hogy nem is egy ez de meg van volt csak már még mint vagy ha el ki én te ő mi ti ők azt ezt akkor nagyon
    lehet kell minden amely aki ami fel le be`,
  et: `ja on ei et see ta oli ka kui siis mis aga ma oma nii seda või veel kes nad sa me te mida välja just juba nagu`,
};

const cyrillic: Lexicon = {
  ru: `и в не на я что он с как это по но они мы к у ты из за вы так же от бы для о его её или если когда только был была
    было быть все мне меня есть уже вот до чтобы их`,
  uk: `і в не на я що він з як це по але вони ми до у ти із за ви так ж від би для про його її або якщо коли тільки був
    була було бути всі мені мене є вже та й щоб їх також`,
  bg: `и в не на аз че той с как това по но те ние към у ти от за вие така се би до го я или ако когато само беше са съм
    да ще е ми му си ни който която които има като при след много`,
  mk: `и во не на јас дека тој со како ова по но тие ние кон од за вие така се би до го ја или ако кога само беше се сум
    да ќе е ми му си ни кој која кои има при`,
};

const devanagari: Lexicon = {
  hi: `है हैं के की का को में से और पर यह वह नहीं एक ने था थी थे हो भी कर लिए इस उस तो ही कि जो मैं आप हम क्या गया करने साथ`,
  mr: `आहे आहेत आणि च्या ची चा चे मध्ये हे ही हा तो ती ते नाही एक होते होता होती मी तू आपण काय करून साठी वर पण या त्या ला`,
  ne: `छ छन् छु हुन् को का की मा ले र यो त्यो पनि गर्न गर्नुहोस् लागि भएको थियो हुन्छ म तपाईं हामी के तर एक गरेको रहेको बाट`,
};

const arabic: Lexicon = {
  ar: `في من على إلى أن هذا هذه التي الذي كان كانت لا ما هو هي عن مع أو كل بعد قبل و ثم إن قد لم لن أنا نحن أنت بين حتى`,
  fa: `در از به که این را با است برای آن یک خود تا کرد بر هم نیز می شود شده های ها او ما من شما هر دو باید بود یا اگر`,
  ur: `ہے ہیں کے کی کا کو میں سے اور پر یہ وہ نہیں ایک نے تھا تھی تھے ہو بھی کر لیے اس تو ہی کہ جو آپ ہم کیا گیا ساتھ`,
};

/** Letters that occur in one of the languages and hardly in the others; an occurrence counts like half a word. */
const telltales: Readonly<Record<string, RegExp>> = {
  en: /\bth|\bwh|ing\b|ght|ck|[glr]y\b|ow\b|'[st]\b|n't\b/gu,
  es: /[ñ¿¡]/gu,
  pt: /[ãõ]|ção|ções|nh/gu,
  fr: /[œçèêëîïùû]|qu'|eux\b/gu,
  de: /[ßü]|sch|ung\b/gu,
  it: /(?:zione|gli|cch|ità)\b/gu,
  pl: /[łąęśźżćń]|rz|sz|cz/gu,
  vi: /[đơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]/gu,
  fi: /ää|yy|öö|uu|kk|ssa\b|ssä\b|lla\b|llä\b|inen\b/gu,
  sv: /å/gu,
  da: /[æø]/gu,
  no: /[æø]/gu,
  ro: /[ășțş]/gu,
  tr: /[ığş]/gu,
  cs: /[ěřů]/gu,
  hu: /[őű]/gu,
  ru: /[ыэё]/gu,
  uk: /[іїєґ]/gu,
  bg: /ъ/gu,
  mk: /[јќѓљњџ]/gu,
  fa: /[پچژگکی]/gu,
  ur: /[ٹڈڑںےھہ]/gu,
  mr: /ळ/gu,
};

function wordSets(lexicon: Lexicon): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(Object.entries(lexicon).map(([language, words]) => [language, new Set(splitWhitespace(words))]));
}

const lexicons: Readonly<Record<string, ReadonlyMap<string, ReadonlySet<string>>>> = {
  Latin: wordSets(latin),
  Cyrillic: wordSets(cyrillic),
  Devanagari: wordSets(devanagari),
  Arabic: wordSets(arabic),
};

/** Evidence for one language: its function words, each shared out among the languages that have it, and telltales. */
function scores(sample: string, lexicon: ReadonlyMap<string, ReadonlySet<string>>): Map<string, number> {
  const evidence = new Map<string, number>([...lexicon.keys()].map((language) => [language, 0]));
  const add = (language: string, amount: number): void => {
    evidence.set(language, (evidence.get(language) ?? 0) + amount);
  };
  const counts = new Map<string, number>();
  for (const word of sample.match(/[\p{L}\p{M}']+/gu) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1);
  for (const [word, count] of counts) {
    const owners = [...lexicon].filter(([, words]) => words.has(word)).map(([language]) => language);
    // Single letters are also initials, list labels and variables.
    const weight = (word.length === 1 ? 0.1 : 1) / Math.sqrt(owners.length);
    for (const owner of owners) add(owner, count * weight);
  }
  for (const language of lexicon.keys()) {
    const telltale = telltales[language];
    if (telltale !== undefined) add(language, 0.5 * (sample.match(telltale) ?? []).length);
  }
  return evidence;
}

function dominantScript(sample: string): string | null {
  const counts = new Map<string, number>(
    scripts.map(([name, letters]) => [name, (sample.match(letters) ?? []).length]),
  );
  // Japanese mixes Han with kana; any real share of kana makes it Japanese.
  const kana = counts.get('Kana') ?? 0;
  const han = counts.get('Han') ?? 0;
  counts.set('Kana', kana * 5 > han ? kana + han : kana);
  const [name, count] = [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best));
  return count === 0 ? null : name;
}

/** One function word shared by four languages, or one telltale. */
const leastEvidence = 0.5;

/** What to answer when no function word is met: the language that owns the script; for Latin letters nothing is known. */
const fallback: Readonly<Record<string, string>> = { Latin: 'und', Cyrillic: 'ru', Devanagari: 'hi', Arabic: 'ar' };

/**
 * ISO 639-1 code of the language that most of the text is written in; `und` (undetermined) for Latin letters without
 * evidence of any language; null for a text without letters.
 * Bounded: only the first 10,000 UTF-16 units are read.
 */
export function detectLanguage(text: string): string | null {
  const sample = text.slice(0, sampleLength).normalize('NFC').toLowerCase();
  const script = dominantScript(sample);
  if (script === null) return null;
  if (script === 'Han') return 'zh';
  if (script === 'Kana') return 'ja';
  const lexicon = lexicons[script];
  if (lexicon === undefined) return script;
  const [language, evidence] = [...scores(sample, lexicon)].reduce((best, entry) =>
    entry[1] > best[1] ? entry : best,
  );
  return evidence >= leastEvidence ? language : (fallback[script] ?? language);
}
