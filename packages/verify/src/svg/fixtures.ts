import type { VerifierFixture } from '../fixtures.js';

const sun =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" fill="#def"/><circle cx="32" cy="32" r="12" fill="orange"/></svg>';
const samePicture =
  '<svg width="200" height="200" viewBox="0 0 64 64"><path d="M0 0H64V64H0Z" fill="#def"/><g transform="translate(32 32)"><circle r="12" fill="#ffa500"/></g></svg>';
const linked = '<svg viewBox="0 0 4 4"><image href="file:///etc/hostname" width="4" height="4"/></svg>';
const exactly = { weights: { shape: 1 } };

/** Cases of the kind `svg`. */
export const svgFixtures: readonly VerifierFixture[] = [
  { kind: 'full', response: `<think>A sun.</think>\n\`\`\`svg\n${sun}\n\`\`\``, reference: sun, reason: 'equal' },
  { kind: 'full', response: `<answer>${samePicture}</answer>`, reference: { svg: sun }, options: exactly },
  { kind: 'zero', response: linked, reference: sun, reason: 'forbidden' },
  { kind: 'zero', response: '<svg viewBox="0 0 4 4"><script>x</script></svg>', reference: sun, reason: 'forbidden' },
  { kind: 'zero', response: '<svg viewBox="0 0 64 64"/>', reference: sun, options: exactly, reason: 'close' },
  {
    kind: 'zero',
    response: `<svg viewBox="0 0 1 9999">${'<g/>'.repeat(3)}</svg>`,
    reference: sun,
    reason: 'too-large',
  },
  { kind: 'malformed', response: 'I would draw an orange circle.', reference: sun, reason: 'no-answer' },
  { kind: 'malformed', response: '<svg viewBox="0 0 4 4"><rect></svg>', reference: sun, reason: 'malformed' },
  { kind: 'malformed', response: sun, reference: '<svg', reason: 'bad-reference' },
  { kind: 'malformed', response: sun, reference: { picture: sun }, reason: 'bad-reference' },
  { kind: 'malformed', response: sun, reference: sun, options: { size: 4 }, reason: 'bad-option' },
  { kind: 'malformed', response: sun, reference: { caption: 'a sun' }, reason: 'no-embedder' },
  { kind: 'malformed', response: sun, reference: sun, options: { sise: 1 }, reason: 'unknown-option' },
];
