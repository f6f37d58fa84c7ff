import { describe, expect, it } from 'vitest';
import { ChatTemplate } from './chat-template.js';

const chatml =
  '{%- for message in messages %}\n' +
  "    {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}\n" +
  '{%- endfor %}\n' +
  "{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n' }}\n{%- endif %}\n";
const messages = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: '1 + 1?' },
];
const files = (entries: Record<string, string | object>) =>
  new Map(
    Object.entries(entries).map(([name, value]) => [
      name,
      Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
    ]),
  );

describe('ChatTemplate', () => {
  it('renders ChatML with and without the opening of the next turn', () => {
    const template = new ChatTemplate(chatml);
    const text = '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n1 + 1?<|im_end|>\n';
    expect(template.render(messages)).toBe(`${text}<|im_start|>assistant\n`);
    expect(template.render(messages, { addGenerationPrompt: false })).toBe(text);
  });

  it('gives templates the special tokens, tools and further variables', () => {
    const config = {
      chat_template: '{{ bos_token }}{{ tools is none }}{{ enable_thinking }}',
      bos_token: { content: '<s>' },
    };
    const template = ChatTemplate.fromFiles(files({ 'tokenizer_config.json': config }));
    expect(template.render([], { variables: { enable_thinking: false } })).toBe('<s>truefalse');
    expect(template.render([], { tools: [{}] })).toBe('<s>false');
  });

  it('has no clock, so that prompts are the same on every day', () => {
    const template = new ChatTemplate(
      "{% if strftime_now is defined %}{{ strftime_now('%Y') }}{% else %}no date{% endif %}",
    );
    expect(template.render([])).toBe('no date');
  });

  it('prefers chat_template.jinja, then chat_template.json, then tokenizer_config.json', () => {
    const all = {
      'chat_template.jinja': 'A',
      'chat_template.json': { chat_template: 'B' },
      'tokenizer_config.json': { chat_template: 'C' },
    };
    const { 'chat_template.jinja': _a, ...two } = all;
    const { 'chat_template.json': _b, ...one } = two;
    expect([all, two, one].map((entries) => ChatTemplate.fromFiles(files(entries)).render([]))).toEqual([
      'A',
      'B',
      'C',
    ]);
  });

  it('takes the default of several named templates', () => {
    const chat_template = [
      { name: 'tool_use', template: 'T' },
      { name: 'default', template: 'D' },
    ];
    expect(ChatTemplate.fromFiles(files({ 'tokenizer_config.json': { chat_template } })).render([])).toBe('D');
  });

  it('says where a template was looked for', () => {
    expect(() => ChatTemplate.fromFiles(files({ 'tokenizer_config.json': {} }), 'm')).toThrow(
      'm: must have a chat template (chat_template.jinja, or chat_template in tokenizer_config.json); add one, or use plain prompts',
    );
  });

  it('passes on what a template has to say against the messages, as one line', () => {
    const template = new ChatTemplate("{{ raise_exception('roles must\\nalternate') }}", {}, 'm/chat_template.jinja');
    expect(() => template.render(messages)).toThrow(
      'm/chat_template.jinja: must accept the messages, got roles must alternate; change the messages or the template',
    );
    expect(() => new ChatTemplate('{% for %}')).toThrow(/^chat template: must be a valid Jinja template, got /);
  });
});
