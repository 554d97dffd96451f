// Writes the pages of docs/ that are generated from the code. CI runs it and fails on a difference. Needs a build.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { z } from 'zod';
import { configSchema } from '../apps/standalone/dist/config.js';
import { eventContracts, topics } from '../libs/contracts/dist/index.js';

const docs = join(import.meta.dirname, '../docs');
const write = async (name, text) => {
  const path = join(docs, name);
  writeFileSync(path, await format(text, { ...(await resolveConfig(path)), filepath: path }));
  console.log(`docs/${name}`);
};
const cell = (text) => String(text).replaceAll('|', '\\|');

const settings = Object.entries(configSchema.shape).map(([name, schema]) => {
  const byDefault = schema.safeParse(undefined);
  const value = byDefault.success && byDefault.data !== undefined ? byDefault.data : undefined;
  const shown = value === undefined || (Array.isArray(value) && value.length === 0) ? '–' : `\`${value}\``;
  return `| \`${name}\` | ${cell(shown)} | ${cell(schema.description ?? '')} |`;
});
await write(
  'configuration.md',
  `# Configuration of the standalone server

Generated from \`apps/standalone/src/config.ts\` by \`npm run docs\`.

Every variable is read once, at the start; all problems are reported together, by name and never by value. For each
variable \`X\`, \`X_FILE\` may name a file that holds the value. An empty value counts as absent. Encryption, the audit row
before an answer, and TLS checks towards providers have no switch.

| variable | default | what it does |
| --- | --- | --- |
${settings.join('\n')}
`,
);

const leaf = (schema) => {
  const { type, format: form, enum: values, anyOf, items } = schema;
  if (anyOf) return anyOf.map(leaf).join(' or ');
  if (values) return values.map((value) => `\`${value}\``).join(', ');
  if (type === 'array') return `list of ${leaf(items)}`;
  if (type === 'object') return `{${Object.keys(schema.properties).join(', ')}}`;
  return form ?? type;
};
const json = (contract) => z.toJSONSchema(contract.schema, { io: 'input' });
const byTopic = Object.values(topics).map(({ name, cleanup }) => {
  const events = eventContracts.filter(({ topic }) => topic === name);
  const rows = events.map((contract) => {
    const { properties } = json(contract);
    const members = Object.entries(properties)
      .filter(([member]) => member !== 'actor')
      .map(([member, schema]) => `\`${member}\`: ${cell(leaf(schema))}`);
    return `### \`${contract.name}\`\n\n\`${contract.ceType}\`\n\n${members.map((one) => `- ${one}`).join('\n')}\n`;
  });
  const producers = [...new Set(events.flatMap((contract) => contract.producers))].join(', ');
  return `## ${name}\n\nSaid by ${producers}. Cleanup: ${cleanup}.\n\n${rows.join('\n')}`;
});
await write(
  'events.md',
  `# Events

Generated from \`libs/contracts\` by \`npm run docs\`; \`asyncapi.json\` says the same to programs.

CloudEvents 1.0 in Kafka's binary mode: attributes are headers (\`ce_id\`, \`ce_type\`, \`ce_subject\`, \`ce_sequence\`, …), the value is
the data as JSON. The key is the id of the thing and equals \`ce_subject\`. Delivery is at least once and in order per key;
\`ce_id\` stays the same through every redelivery, \`ce_sequence\` grows by one with each event of a thing. Every event also
carries \`actor\`: {\`kind\`: user, client, administrator or system; \`id\`}. No event holds a token, a secret, an e-mail
address or a display name.

${byTopic.join('\n')}`,
);

const channels = {};
const messages = {};
for (const [key, { name, cleanup }] of Object.entries(topics)) {
  const own = eventContracts.filter(({ topic }) => topic === name);
  channels[key] = {
    address: name,
    messages: Object.fromEntries(own.map(({ name: short }) => [short, { $ref: `#/components/messages/${short}` }])),
    bindings: { kafka: { topic: name, partitions: 12, topicConfiguration: { 'cleanup.policy': [cleanup] } } },
  };
  for (const contract of own) {
    const { $schema: _, ...payload } = json(contract);
    messages[contract.name] = {
      name: contract.ceType,
      contentType: 'application/json; charset=utf-8',
      headers: {
        type: 'object',
        required: ['ce_specversion', 'ce_id', 'ce_source', 'ce_type', 'ce_subject', 'ce_time', 'ce_sequence'],
        properties: {
          ce_specversion: { const: '1.0' },
          ce_id: { type: 'string', format: 'uuid' },
          ce_source: { enum: contract.producers.map((producer) => `urn:strongroom:${producer}`) },
          ce_type: { const: contract.ceType },
          ce_subject: { type: 'string' },
          ce_partitionkey: { type: 'string' },
          ce_time: { type: 'string', format: 'date-time' },
          ce_dataschema: { const: contract.dataSchema },
          ce_sequence: { type: 'string', pattern: '^\\d{20}$' },
        },
      },
      payload,
      bindings: { kafka: { key: { type: 'string' } } },
    };
  }
}
await write(
  'asyncapi.json',
  JSON.stringify({
    asyncapi: '3.0.0',
    info: {
      title: 'Strongroom events',
      version: '1',
      description: 'What changes in a Strongroom, as CloudEvents 1.0.',
    },
    defaultContentType: 'application/json',
    channels,
    operations: Object.fromEntries(
      Object.keys(topics).map((key) => [`receive-${key}`, { action: 'send', channel: { $ref: `#/channels/${key}` } }]),
    ),
    components: { messages },
  }),
);
