/** Writes values as YAML for people to read, line by line. */

const PLAIN = /^[A-Za-z_/.$][\w ./$-]*$/;
const WORDS = new Set(['true', 'false', 'null', 'yes', 'no', 'on', 'off', '~']);

/** Answer lines with their `key`, where they start a member, and their `text`. */
export function lines(value, indent = '') {
  if (Array.isArray(value)) return value.flatMap((item) => inList(item, indent));
  return Object.entries(value).flatMap(([key, item]) => {
    const head = `${indent}${scalar(key)}:`;
    if (!nested(item)) return [{ key, text: `${head} ${short(item)}` }];
    return [{ key, text: head }, ...lines(item, `${indent}  `)];
  });
}

const nested = (value) => typeof value === 'object' && value !== null && !isFlat(value) && Object.keys(value).length > 0;
const isFlat = (value) => Array.isArray(value) && value.every((item) => typeof item !== 'object' || item === null);
const short = (value) => {
  if (isFlat(value)) return `[${value.map(scalar).join(', ')}]`;
  return typeof value === 'object' && value !== null ? '{}' : scalar(value);
};

function inList(item, indent) {
  if (!nested(item)) return [{ text: `${indent}- ${short(item)}` }];
  const [first, ...rest] = lines(item, `${indent}  `);
  return [{ ...first, text: `${indent}- ${first.text.trimStart()}` }, ...rest];
}

const scalar = (value) =>
  typeof value !== 'string' || (PLAIN.test(value) && !WORDS.has(value.toLowerCase())) ? String(value) : JSON.stringify(value);
