// TypeScript's types of JSON Schemas, as zod writes them: `typesOf({ Name: schema })` gives one `export type` each.

/** @param named schemas by the name of their type. @returns declarations, in the order of the names. */
export function typesOf(named) {
  return Object.entries(named)
    .map(
      ([name, schema]) => `${comment(schema.description, '')}export type ${name} = ${typeOf(schema, '')};\n`,
    )
    .join('\n');
}

/** @throws Error where a schema says something that is not known here. */
function typeOf(schema, indent) {
  const { $ref, enum: values, const: value, anyOf, oneOf, allOf, type, items, prefixItems } = schema;
  if ($ref !== undefined) return $ref.split('/').at(-1);
  if (value !== undefined) return JSON.stringify(value);
  if (values !== undefined) return values.map((each) => JSON.stringify(each)).join(' | ');
  if (allOf?.length === 1) return typeOf(allOf[0], indent);
  const options = anyOf ?? oneOf ?? (Array.isArray(type) ? type.map((each) => ({ type: each })) : undefined);
  if (options !== undefined) return options.map((each) => typeOf(each, indent)).join(' | ');
  switch (type) {
    case 'string':
    case 'boolean':
    case 'null':
      return type;
    case 'number':
    case 'integer':
      return 'number';
    case 'array': {
      const list = prefixItems?.map((each) => typeOf(each, indent)).join(', ');
      const whole = list === undefined ? arrayOf(typeOf(items, indent)) : `[${list}]`;
      return schema.readOnly ? `readonly ${whole}` : whole;
    }
    case 'object':
      return objectOf(schema, indent);
    default:
      throw new Error(`no type is known of ${JSON.stringify(schema)}`);
  }
}

const arrayOf = (element) => (/ \| /.test(element) ? `(${element})[]` : `${element}[]`);

function objectOf({ properties, required = [], additionalProperties }, indent) {
  const inner = `${indent}  `;
  if (properties === undefined) return `Record<string, ${typeOf(additionalProperties, indent)}>`;
  const lines = Object.entries(properties).map(([name, schema]) => {
    const type = typeOf(schema, inner);
    const member = required.includes(name) ? `${name}: ${type}` : `${name}?: ${type} | undefined`;
    return `${comment(schema.description, inner)}${inner}${member};\n`;
  });
  return `{\n${lines.join('')}${indent}}`;
}

const comment = (text, indent) => (text === undefined ? '' : `${indent}/** ${text} */\n`);
