import type { VerifierFixture } from '../fixtures.js';

const call = '<tool_call>{"name": "f", "arguments": {"a": 1}}</tool_call>';
const wantedCall = { name: 'f', arguments: { a: 1 } };
const grid = [
  [1, 2],
  [3, 4],
];
const houses = { 'House 1': { Pet: 'cat' } };

/** By the kind that the registry knows the verifier under. */
export const structureFixtures = {
  json: [
    { kind: 'full', response: '```json\n{"b": [2], "a": 1}\n```', reference: { value: { a: 1, b: [2] } } },
    { kind: 'full', response: '{"a": 1}', reference: { schema: { type: 'object', required: ['a'] } } },
    { kind: 'zero', response: '{"a": 2}', reference: { value: { a: 1 } }, reason: 'different' },
    { kind: 'zero', response: '[]', reference: { schema: { type: 'object' } }, reason: 'schema' },
    { kind: 'malformed', response: '{"a": 1', reference: { value: { a: 1 } }, reason: 'not-json' },
    { kind: 'malformed', response: '{}', reference: 'x', reason: 'bad-reference' },
  ],
  'tool-calls': [
    { kind: 'full', response: call, reference: wantedCall },
    { kind: 'full', response: 'Nothing to call.', reference: [] },
    { kind: 'zero', response: 'Nothing to call.', reference: wantedCall, reason: 'no-call' },
    { kind: 'zero', response: call, reference: { name: 'g', arguments: {} }, reason: 'different' },
    {
      kind: 'malformed',
      response: '<tool_call>{"name": }</tool_call>',
      reference: wantedCall,
      reason: 'malformed-call',
    },
    { kind: 'malformed', response: call, reference: { tool: 'f' }, reason: 'bad-reference' },
  ],
  grid: [
    { kind: 'full', response: 'So:\n1 2\n3 4', reference: grid },
    { kind: 'full', response: '[[1, 2], [3, 4]]', reference: grid },
    { kind: 'zero', response: '[[1, 2], [3, 5]]', reference: grid, reason: 'different' },
    { kind: 'zero', response: '[[1, 2, 3], [3, 4, 5]]', reference: grid, reason: 'different-shape' },
    { kind: 'malformed', response: 'no grid', reference: grid, reason: 'no-answer' },
    { kind: 'malformed', response: '[[1]]', reference: 'x', reason: 'bad-reference' },
  ],
  table: [
    { kind: 'full', response: '{"house 1": {"pet": "Cat"}}', reference: houses },
    { kind: 'full', response: '| House | Pet |\n|---|---|\n| House 1 | cat |', reference: houses },
    { kind: 'zero', response: '{"House 1": {"Pet": "dog"}}', reference: houses, reason: 'different' },
    { kind: 'malformed', response: 'The cat lives there.', reference: houses, reason: 'no-answer' },
    { kind: 'malformed', response: '{}', reference: {}, reason: 'bad-reference' },
  ],
  'date-time': [
    { kind: 'full', response: 'on March 5th, 2021 at 2:30 pm', reference: '2021-03-05 14:30' },
    { kind: 'zero', response: 'on March 6th, 2021', reference: '2021-03-05', reason: 'different' },
    { kind: 'malformed', response: 'on 2021-02-31', reference: '2021-03-05', reason: 'no-answer' },
    { kind: 'malformed', response: '2021-03-05', reference: 'soon', reason: 'bad-reference' },
  ],
  list: [
    { kind: 'full', response: '1. blue\n2. red', reference: ['red', 'blue'] },
    { kind: 'zero', response: 'green', reference: ['red', 'blue'], reason: 'different' },
    { kind: 'malformed', response: '', reference: ['red', 'blue'], reason: 'no-answer' },
    { kind: 'malformed', response: 'red', reference: [], reason: 'bad-reference' },
  ],
  ranking: [
    { kind: 'full', response: 'red > blue > green', reference: ['red', 'blue', 'green'] },
    { kind: 'zero', response: 'green > blue > red', reference: ['red', 'blue', 'green'], reason: 'different' },
    { kind: 'zero', response: 'red > blue', reference: ['red', 'blue', 'green'], reason: 'other-items' },
    { kind: 'malformed', response: '', reference: ['red', 'blue'], reason: 'no-answer' },
    { kind: 'malformed', response: 'red', reference: ['red', 'red'], reason: 'bad-reference' },
  ],
} as const satisfies Readonly<Record<string, readonly VerifierFixture[]>>;
