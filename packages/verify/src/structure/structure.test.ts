import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readDateTime, verifyDateTime } from './date-time.js';
import { extractGrid, verifyGrid, verifyTable } from './grid.js';
import { extractJson, jsonEqual, jsonOverlap } from './json.js';
import { kendallTau, readList, verifyList, verifyRanking } from './lists.js';
import { callCredit, parseToolCalls, verifyToolCalls } from './tool-calls.js';
import { verifyJson } from './verify-json.js';

describe('json', () => {
  test.each([
    ['{"a": 1}', { a: 1 }],
    ['Here:\n```json\n{"a": [1, 2]}\n```\nDone.', { a: [1, 2] }],
    ['```\n1\n```\nthen\n```json\n{"b": 2}\n```', { b: 2 }],
    ['I think [x] is {"a": "}"} indeed', { a: '}' }],
  ])('%j', (text, value) => {
    expect(extractJson(text)?.value).toEqual(value);
  });

  test('what does not parse is null, however deep or long', () => {
    expect(extractJson('{"a": }')).toBeNull();
    expect(extractJson('['.repeat(100_000))).toBeNull();
    expect(extractJson('{"a":'.repeat(50_000))).toBeNull();
  });

  test('every JSON value is found again, alone, fenced and in prose', () => {
    const value = fc.oneof(
      fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }),
      fc.array(fc.jsonValue(), { minLength: 1 }),
    );
    fc.assert(
      fc.property(value, (each) => {
        const source = JSON.stringify(each);
        const back = JSON.parse(source) as unknown;
        expect(extractJson(source)?.value).toEqual(back);
        expect(extractJson(`So it is ${source}`)?.value).toEqual(back);
        expect(
          jsonEqual(extractJson(`Text\n\`\`\`json\n${JSON.stringify(each, null, 2)}\n\`\`\`\n`)?.value ?? back, back),
        ).toBe(true);
        expect(jsonOverlap(back, back)).toBe(1);
      }),
    );
  });

  test("a schema's patterns cannot run away, or are refused with the reason", () => {
    const hostile = JSON.stringify('a'.repeat(50_000) + '!');
    const judge = (response: string, schema: object) => verifyJson(response, { schema });
    expect(judge(hostile, { pattern: '^(a+)+$' })).toMatchObject({ outcome: 'incorrect', reason: 'schema' });
    expect(judge('"aaa"', { pattern: '^(a+)+$' }).outcome).toBe('correct');
    expect(judge('"ab"', { pattern: '(a)(?!c)' })).toMatchObject({ outcome: 'unscorable', reason: 'bad-reference' });
    const keyed = (key: string) => judge('{"ab": 1}', { patternProperties: { [key]: { type: 'integer' } } });
    expect(keyed('^a+b$').outcome).toBe('correct');
    expect(keyed('^(a+)+$')).toMatchObject({ outcome: 'unscorable' });
    expect(keyed('^(a+)+$').feedback).toContain('at most one unbounded repetition');
  });

  test('a schema must hold, a value must be equal or earns its share of leaves', () => {
    const schema = { type: 'object', required: ['a'], properties: { a: { type: 'integer' } } };
    expect(verifyJson('{"a": 1}', { schema }).outcome).toBe('correct');
    expect(verifyJson('{"a": "1"}', { schema })).toMatchObject({ outcome: 'incorrect', reason: 'schema' });
    expect(verifyJson('{"b": 2, "a": 1}', { value: { a: 1, b: 2 } }).outcome).toBe('correct');
    expect(verifyJson('{"a": 1, "b": 3}', { value: { a: 1, b: 2 } }).score).toBe(0.5);
    expect(verifyJson('see {"a": 1}', { value: { a: 1 } }, { whole: true }).reason).toBe('not-json');
    expect(verifyJson('{}', { schema: { type: 'no-such-type' } }).outcome).toBe('unscorable');
  });
});

describe('tool calls', () => {
  const call = (name: string, args: object): string =>
    `<tool_call>\n${JSON.stringify({ name, arguments: args })}\n</tool_call>`;

  test('valid segments are read, others skipped', () => {
    const text = `Let me see. ${call('f', { a: 1 })}<tool_call>{bad}</tool_call>${call('g', {})}`;
    expect(parseToolCalls(text)).toEqual({
      content: 'Let me see.',
      toolCalls: [
        { name: 'f', arguments: { a: 1 } },
        { name: 'g', arguments: {} },
      ],
    });
    expect(parseToolCalls('<tool_call>{}</tool_call>').toolCalls).toBeNull();
  });

  test('matching gives credit for name and arguments, and surplus calls cost', () => {
    const wanted = { name: 'f', arguments: { a: 1, b: 2 } };
    expect(callCredit({ name: 'f', arguments: { a: 1, b: 3 } }, wanted)).toBe(0.75);
    expect(callCredit({ name: 'g', arguments: { a: 1, b: 2 } }, wanted)).toBe(0);
    expect(verifyToolCalls(call('f', { b: 2, a: 1 }), wanted).outcome).toBe('correct');
    expect(verifyToolCalls(call('f', { b: 2, a: 1 }) + call('f', {}), wanted).score).toBe(0.5);
    const two = [wanted, { name: 'g', arguments: {} }];
    expect(verifyToolCalls(call('g', {}) + call('f', { a: 1, b: 2 }), two).outcome).toBe('correct');
    expect(verifyToolCalls(call('g', {}) + call('f', { a: 1, b: 2 }), two, { ordered: true }).score).toBe(0);
    expect(verifyToolCalls('no need', []).outcome).toBe('correct');
    expect(verifyToolCalls('<tool_call>{"name":}</tool_call>', wanted).reason).toBe('malformed-call');
  });
});

describe('grids and tables', () => {
  const grid = [
    [0, 1, 2],
    [3, 4, 5],
  ];
  test.each([
    '[[0,1,2],[3,4,5]]',
    'The output is:\n```\n[[0, 1, 2],\n [3, 4, 5]]\n```',
    'First\n9 9 9\n8 8 8\n\nso\n\n0 1 2\n3 4 5\n',
    '012\n345',
    '| 0 | 1 | 2 |\n|---|---|---|\n| 3 | 4 | 5 |',
    '<answer>0,1,2\n3,4,5</answer>',
  ])('%j is read', (text) => {
    expect(verifyGrid(text, grid).outcome).toBe('correct');
  });

  test('one wrong cell fails, or costs its share where asked; another shape fails', () => {
    expect(verifyGrid('[[0,1,2],[3,4,6]]', grid).score).toBe(0);
    expect(verifyGrid('[[0,1,2],[3,4,6]]', grid, { partial: true }).score).toBeCloseTo(5 / 6);
    expect(verifyGrid('[[0,1,2,9],[3,4,5,9]]', grid, { partial: true })).toMatchObject({
      score: 0,
      reason: 'different-shape',
    });
    expect(extractGrid('nothing here')).toBeNull();
  });

  test('tables are compared by the names of rows and columns', () => {
    const houses = { 'House 1': { Name: 'Ann', Pet: 'cat' }, 'House 2': { Name: 'Bob', Pet: 'dog' } };
    expect(verifyTable(`Answer: ${JSON.stringify(houses)}`, houses).outcome).toBe('correct');
    const markdown = '| House | Pet | Name |\n| --- | --- | --- |\n| House 2 | dog | Bob |\n| House 1 | cat | Ann |';
    expect(verifyTable(markdown, houses).outcome).toBe('correct');
    expect(verifyTable(markdown.replace('dog', 'fox'), houses).score).toBe(0.75);
  });
});

describe('dates and times', () => {
  test.each([
    ['on 2021-03-05 at 14:30', '2021-3-5', '14:30'],
    ['March 5th, 2021, 2:30 p.m.', '2021-3-5', '14:30'],
    ['the 5 of March 2021', '2021-3-5', null],
    ['03/05/2021', '2021-3-5', null],
    ['2021-03-05T00:00:10', '2021-3-5', '0:0:10'],
    ['12 am', null, '0:00'],
  ])('%j', (text, date, time) => {
    const [year, month, day] = date?.split('-').map(Number) ?? [];
    const [hours = 0, minutes = 0, seconds = 0] = time?.split(':').map(Number) ?? [];
    expect(readDateTime(text)).toEqual({
      date: date === null ? null : { year, month, day },
      seconds: time === null ? null : hours * 3600 + minutes * 60 + seconds,
    });
  });

  test('what the reference leaves open is not looked at; impossible dates are none', () => {
    expect(verifyDateTime('It was 5 March 2021 at 9:00.', 'March 5, 2021').outcome).toBe('correct');
    expect(verifyDateTime('04/03/2021', '4 March 2021', { order: 'day-first' }).outcome).toBe('correct');
    expect(verifyDateTime('2021-02-30', '2021-03-02').reason).toBe('no-answer');
    expect(verifyDateTime('3 pm', '15:00').outcome).toBe('correct');
  });
});

describe('lists and rankings', () => {
  test.each([
    ['1. red\n2. blue', ['red', 'blue']],
    ['Here:\n- red\n- blue\nDone', ['red', 'blue']],
    ['["red", "blue"]', ['red', 'blue']],
    ['red, and blue.', ['red', 'blue']],
    ['red > blue', ['red', 'blue']],
  ])('%j', (text, items) => {
    expect(readList(text)).toEqual(items);
  });

  test('order matters only where asked', () => {
    expect(verifyList('blue, red', ['red', 'blue']).outcome).toBe('correct');
    expect(verifyList('blue, red', ['red', 'blue'], { ordered: true }).score).toBe(0.5);
    expect(verifyList('red, red', ['red', 'blue']).score).toBe(0.5);
    expect(verifyList('3, 1, 2', [1, 2, 3]).outcome).toBe('correct');
  });

  test('a ranking scores by pairs in order, leaving items out never pays', () => {
    expect(verifyRanking('a > b > c', ['a', 'b', 'c'])).toMatchObject({ outcome: 'correct', extracted: 'a > b > c' });
    expect(verifyRanking('red > blue > green', ['red', 'blue', 'green']).score).toBe(1);
    expect(verifyRanking('green > blue > red', ['red', 'blue', 'green']).score).toBe(0);
    expect(verifyRanking('red > blue', ['red', 'blue', 'green'])).toMatchObject({ score: 0, reason: 'other-items' });
    expect(kendallTau(['x', 'z', 'y'], ['x', 'y', 'z'])).toBeCloseTo(1 / 3);
  });
});
