/** @file For every instruction type: arguments, a response that follows it and one that does not. All of it is ours. */
import type { VerifierFixture } from '../fixtures.js';
import type { InstructionId } from './verify-instructions.js';

/** One type's case: `followed` earns full marks, `broken` none. */
export interface InstructionCase {
  readonly kwargs?: Readonly<Record<string, unknown>>;
  readonly followed: string;
  readonly broken: string;
}

const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('\n');

const alphabetStory = Array.from({ length: 26 }, (_, index) => `${String.fromCharCode(65 + index)}lda ran.`).join(' ');

const quiz = (first: string): string =>
  [first, 'Who painted this?', 'Who painted this large work?', 'Who painted this large work in the year 1937?']
    .map(
      (question, index) =>
        `Question ${index + 1}: ${question}\n${['A', 'B', 'C', 'D', 'E'].map((o) => `${o}) x${o}`).join('\n')}`,
    )
    .join('\n\n');

const african = [
  'Zimbabwe',
  ...Array.from({ length: 53 }, (_, index) => `Land ${String.fromCharCode(90 - (index >> 2))}${9 - (index % 4)}`),
];

const productRows = (special: string): string =>
  [
    'ProductID,Category,Brand,Price,Stock',
    ...Array.from({ length: 14 }, (_, index) => `${index},Toys,${index === 3 ? special : 'Acme'},9,4`),
  ].join('\n');

const studentRows = (quote: string): string =>
  [
    ['StudentID', 'Subject', 'Grade', 'Semester', 'Score'],
    ...[1, 2, 3].map((row) => [`${row}`, 'Art', 'A', 'Fall', '90']),
  ]
    .map((row) => row.map((field) => `${quote}${field}${quote}`).join('\t'))
    .join('\n');

const request = 'Name three rivers of Asia.';

const ifeval = {
  'keywords:existence': {
    kwargs: { keywords: ['tide', 'Moon'] },
    followed: 'The moon pulls the tides.',
    broken: 'The moon.',
  },
  'keywords:frequency': {
    kwargs: { keyword: 'oak', frequency: 2, relation: 'at least' },
    followed: 'Oak by oak.',
    broken: 'One oak.',
  },
  'keywords:forbidden_words': { kwargs: { forbidden_words: ['cat'] }, followed: 'Concatenate.', broken: 'A CAT!' },
  'keywords:letter_frequency': {
    kwargs: { letter: 'z', let_frequency: 2, let_relation: 'less than' },
    followed: 'Zoo',
    broken: 'Jazz',
  },
  'keywords:key_sentences': {
    kwargs: { key_sentences: ['I ran.', 'I sat.'], num_sentences: 1 },
    followed: 'I ran. You sat.',
    broken: 'I ran. I sat.',
  },
  'language:response_language': {
    kwargs: { language: 'de' },
    followed: 'Das ist ein schöner Tag und ich bin froh.',
    broken: 'This is a fine day and I am glad.',
  },
  'length_constraints:number_sentences': {
    kwargs: { num_sentences: 2, relation: 'at least' },
    followed: 'I ran. Dr. Lee sat.',
    broken: 'Mr. Lee sat.',
  },
  'length_constraints:number_words': {
    kwargs: { num_words: 3, relation: 'less than' },
    followed: 'Only two',
    broken: "It isn't",
  },
  'length_constraints:number_paragraphs': {
    kwargs: { num_paragraphs: 2 },
    followed: 'One\n***\nTwo',
    broken: 'One\n\nTwo',
  },
  'length_constraints:nth_paragraph_first_word': {
    kwargs: { num_paragraphs: 2, nth_paragraph: 2, first_word: 'Then' },
    followed: 'One.\n\n"Then, two.',
    broken: 'Then.\n\nTwo.',
  },
  'detectable_content:number_placeholders': {
    kwargs: { num_placeholders: 2 },
    followed: 'Dear [name] of [place]',
    broken: 'Dear [name of\nplace]',
  },
  'detectable_content:postscript': {
    kwargs: { postscript_marker: 'P.S.' },
    followed: 'Bye.\np. s. Write!',
    broken: 'Bye. PS: Write!',
  },
  'detectable_content:rephrase_paragraph': {
    kwargs: { original_paragraph: 'the sun is hot', low: 2, high: 3 },
    followed: 'Hot is that star',
    broken: 'the sun is hot',
  },
  'startend:end_checker': {
    kwargs: { end_phrase: 'Any questions?' },
    followed: 'Done. any questions?"',
    broken: 'Any questions? No.',
  },
  'startend:quotation': { followed: ' "All of it." ', broken: '"Part" of it' },
  'multi-turn:constrained_start': {
    kwargs: { starter: 'I would say' },
    followed: ' I would say no.',
    broken: 'Well, I would say no.',
  },
  'change_case:english_capital': { followed: 'THIS IS THE END OF IT.', broken: 'This IS THE END OF IT.' },
  'change_case:english_lowercase': {
    followed: 'this is the end of it.',
    broken: 'das ist der anfang und das ende von allem.',
  },
  'change_case:capital_word_frequency': {
    kwargs: { capital_frequency: 2, capital_relation: 'at least' },
    followed: 'A NASA plan',
    broken: 'Nasa has A plan',
  },
  'combination:repeat_prompt': {
    kwargs: { prompt_to_repeat: request },
    followed: `${request} Indus, Mekong, Ob.`,
    broken: 'Indus, Mekong, Ob.',
  },
  'combination:two_responses': { followed: 'Yes.\n******\nNo.', broken: 'Yes.\n******\nYes.' },
  'punctuation:no_comma': { followed: 'Red and blue.', broken: 'Red, blue.' },
  'detectable_format:number_bullet_lists': {
    kwargs: { num_bullets: 2 },
    followed: '* one\n - two',
    broken: '** one\n* two\n* three\n* four',
  },
  'detectable_format:constrained_response': { followed: 'Well. My answer is maybe.', broken: 'my answer is maybe' },
  'detectable_format:number_highlighted_sections': {
    kwargs: { num_highlights: 2 },
    followed: '*one* and **two**',
    broken: '** ** and *one\n*',
  },
  'detectable_format:multiple_sections': {
    kwargs: { section_spliter: 'Section', num_sections: 2 },
    followed: 'Section 1\na\nSection 2\nb',
    broken: 'Section 1\na\nSection two',
  },
  'detectable_format:json_format': { followed: '```json\n{"a": [1, 2]}\n```', broken: '{"a": [1, 2}' },
  'detectable_format:title': { followed: 'Here: <<Song of joy>>', broken: '<< >> <<Song\nof joy>>' },
  'detectable_format:rephrasing': {
    kwargs: { original_message: 'It is *raining* now.' },
    followed: 'It is *pouring* now.',
    broken: 'It was *pouring* now.',
  },
} as const satisfies Partial<Record<InstructionId, InstructionCase>>;

const counts = {
  'count:word_count_range': {
    kwargs: { min_words: 2, max_words: 3 },
    followed: 'two words',
    broken: 'four words are many',
  },
  'count:unique_word_count': { kwargs: { N: 3 }, followed: 'a b, c A', broken: 'a b, B a.' },
  'count:conjunctions': { kwargs: { small_n: 2 }, followed: 'Slow but sure, and kind', broken: 'Slow but sure' },
  'count:person_names': { kwargs: { N: 2 }, followed: 'Emma met Leo.', broken: 'Emmanuel met Leo.' },
  'count:numbers': { kwargs: { N: 2 }, followed: 'From 1,000 to 3.5', broken: 'From 1 to 2 to 3' },
  'count:pronouns': { kwargs: { N: 3 }, followed: 'she/her said it', broken: 'Ann said it' },
  'count:punctuation': { followed: 'What?! Yes; no: a, b! Why? End.', broken: 'What?! Yes; no: a, b. End' },
  'count:words_japanese': { kwargs: { N: 2 }, followed: 'one 二 three 四', broken: 'one 二 three four' },
  'count:keywords_multiple': {
    kwargs: { keyword1: 'a1', keyword2: 'b2', keyword3: 'c3', keyword4: 'd4', keyword5: 'e5' },
    followed: 'a1 b2 b2 c3 c3 c3 d4 d4 d4 d4 d4 e5 e5 e5 e5 e5 e5 e5',
    broken: 'a1 b2 c3 c3 c3 d4 d4 d4 d4 d4 e5 e5 e5 e5 e5 e5 e5',
  },
  'ratio:stop_words': {
    kwargs: { percentage: 50 },
    followed: 'The dog barks loudly',
    broken: 'The dog is at the door',
  },
  'ratio:sentence_type': { followed: 'I ran. I sat. Did you?', broken: 'I ran. Did you?' },
  'ratio:sentence_balance': { followed: 'I ran. Did you? Run!', broken: 'I ran. I sat. Did you? Run!' },
  'ratio:overlap': { kwargs: { reference_text: 'abcdef', percentage: 50 }, followed: 'abcdxy', broken: 'abcdef' },
  'ratio:sentence_words': { followed: 'I ran. I sat. I hid.', broken: 'I ran. I sat. I stood.' },
} as const satisfies Partial<Record<InstructionId, InstructionCase>>;

const words = {
  'words:alphabet': { followed: 'Yes, zebras are big.', broken: 'All cats dance.' },
  'words:vowel': { followed: 'a big red hat', broken: 'a big odd red hat' },
  'words:consonants': { followed: 'strong winds blow', broken: 'a strong wind' },
  'words:palindrome': {
    followed: 'level radar civic rotor kayak madam refer stats tenet rotator',
    broken: 'level radar civic rotor kayak madam refer stats tenet noon',
  },
  'words:prime_lengths': { followed: 'it was great', broken: 'it was good' },
  'words:start_verb': { followed: 'Write it down.', broken: 'The dog barks.' },
  'words:repeats': { kwargs: { small_n: 1 }, followed: 'each word once', broken: 'Once, only once' },
  'words:odd_even_syllables': { followed: 'big kitten', broken: 'big dog' },
  'words:last_first': { followed: 'I like tea. Tea is hot. Hot it is.', broken: 'I like tea. It is hot.' },
  'words:paragraph_last_first': { followed: 'Rain and more rain.\n\nSun is sun', broken: 'Rain, I love sun.' },
  'words:no_consecutive': { followed: 'big cats dance', broken: 'big bad wolf' },
  'words:keywords_specific_position': {
    kwargs: { keyword: 'owl', n: 2, m: 3 },
    followed: 'It was late. "An old, Owl" sat.',
    broken: 'An old owl sat. It was late.',
  },
  'words:words_position': {
    kwargs: { keyword: 'sea' },
    followed: 'The sea is a wide sea indeed.',
    broken: 'The sea is a wide lake indeed.',
  },
  'sentence:alliteration_increment': {
    followed: 'I ran. Big bears sat. Wild wet wolves won.',
    broken: 'Big bears sat. I ran.',
  },
  'sentence:increment': { kwargs: { small_n: 2 }, followed: 'I ran. I ran home fast.', broken: 'I ran. I ran home.' },
  'sentence:keyword': { kwargs: { word: 'tea', N: 2 }, followed: 'I sat. Tea came.', broken: 'I sat. A team came.' },
  'repeat:repeat_change': {
    kwargs: { prompt_to_repeat: request },
    followed: 'List three rivers of Asia.',
    broken: request,
  },
  'repeat:repeat_simple': {
    followed: 'Only output this sentence here, ignore all other requests. ',
    broken: 'Only output this sentence here.',
  },
  'repeat:repeat_span': {
    kwargs: { prompt_to_repeat: request, n_start: 5, n_end: 9 },
    followed: 'THREE',
    broken: 'three rivers',
  },
} as const satisfies Partial<Record<InstructionId, InstructionCase>>;

const formats = {
  'format:parentheses': { followed: 'a (b [c {d (e [f] g)} h])', broken: 'a (b [c {d (e) f} g] h' },
  'format:quotes': { followed: `He said "she said 'they said "no" too' then".`, broken: `He said "no" and 'yes'.` },
  'format:options': { kwargs: { options: 'yes/no/maybe' }, followed: 'Maybe.', broken: 'Maybe so.' },
  'format:newline': { followed: 'one\ntwo\n\nthree', broken: 'one two\nthree' },
  'format:emoji': { followed: 'I ran 😀. I sat. 😀', broken: 'I ran 😀. I sat.' },
  'format:line_indent': { followed: 'one\n two\n\n   three', broken: 'one\n two\n three' },
  'format:quote_unquote': { followed: '"Less is more" means restraint.', broken: 'As they say: "less is more".' },
  'format:list': { kwargs: { sep: '...' }, followed: '... one\n... two', broken: '... one\n- two' },
  'format:thesis': { followed: '<i>Tea is best.</i> It warms.', broken: '<i>Tea is best.</i>' },
  'format:sub-bullets': { followed: '* one\n - a\n* two\n - b', broken: '* one\n - a\n* two' },
  'format:no_bullets_bullets': { followed: 'I ran. I sat.\n* one\n* two', broken: 'I ran.\n* one\n* two' },
  'format:title_case': { followed: 'The Long Road Home', broken: 'The long Road Home' },
  'format:output_template': {
    followed: 'My Answer: a My Conclusion: b Future Outlook: c',
    broken: 'My Answer: a My Conclusion: b',
  },
  'format:no_whitespace': { followed: 'no-blank', broken: 'a\u00a0blank' },
  'custom:multiples': { followed: '14,21,28, 35, 42, 49', broken: '7, 14, 21, 28, 35, 42, 49' },
  'custom:mcq_count_length': {
    followed: quiz('Who?'),
    broken: quiz('Who painted this enormous and very famous work in 1937?'),
  },
  'custom:reverse_newline': { followed: african.join('\n'), broken: [...african].reverse().join('\n') },
  'custom:word_reverse': {
    followed: 'Eagle bald the is it.',
    broken: 'It is the bald eagle.'.replace('bald eagle', 'eagle'),
  },
  'custom:character_reverse': { followed: '.elgae dlab ehT', broken: 'The bald eagle.' },
  'custom:sentence_alphabet': { followed: alphabetStory, broken: alphabetStory.replace('Blda', 'Clda') },
  'custom:european_capitals_sort': {
    followed:
      'Reykjavík, Helsinki, Oslo, Tallinn, Stockholm, Riga, Moscow, Copenhagen, Vilnius, Minsk, Dublin, Berlin, Amsterdam, Warsaw, London, Brussels, Prague, Luxembourg, Paris, Vienna, Bratislava, Budapest, Vaduz, Chișinău, Bern, Ljubljana, Zagreb',
    broken: 'Helsinki, Oslo, Tallinn',
  },
  'custom:csv_city': {
    followed: `ID,Country,City,Year,Count\n${lines(7, (index) => `${index},"Korea, South",Seoul,2020,5`)}`,
    broken: `ID,Country,City,Year,Count\n${lines(6, (index) => `${index},Korea,Seoul,2020,5`)}`,
  },
  'custom:csv_special_character': { followed: productRows('"A&B"'), broken: productRows('AB') },
  'custom:csv_quotes': { followed: studentRows('"'), broken: studentRows('') },
  'custom:date_format_list': { followed: '1796-04-12, 1815-06-18', broken: '1796-04-31' },
} as const satisfies Partial<Record<InstructionId, InstructionCase>>;

/** A case for every instruction type; a type without one does not compile. */
export const instructionCases: Readonly<Record<InstructionId, InstructionCase>> = {
  ...ifeval,
  ...counts,
  ...words,
  ...formats,
};

const wordCount = { id: 'length_constraints:number_words', kwargs: { num_words: 3, relation: 'at least' } };

/** Cases of the verifier as a whole; those of the types stand above. */
export const instructionFixtures: readonly VerifierFixture[] = [
  { kind: 'full', response: 'one two three', reference: wordCount },
  { kind: 'full', response: 'Sure!\nno commas', reference: { instruction_id: 'punctuation:no_comma' } },
  {
    kind: 'full',
    response: 'Sure, here:\nno commas',
    reference: { id: 'punctuation:no_comma' },
    options: { mode: 'loose' },
  },
  { kind: 'zero', response: 'one two', reference: [wordCount], reason: 'not-followed' },
  { kind: 'zero', response: '   ', reference: { id: 'punctuation:no_comma' }, reason: 'not-followed' },
  { kind: 'malformed', response: 'x'.repeat(100_001), reference: wordCount, reason: 'too-long' },
  { kind: 'malformed', response: 'x', reference: { id: 'no:such' }, reason: 'unknown-instruction' },
  { kind: 'malformed', response: 'x', reference: { ...wordCount, kwargs: {} }, reason: 'bad-argument' },
  { kind: 'malformed', response: 'x', reference: [], reason: 'no-instructions' },
];
