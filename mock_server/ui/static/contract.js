/** Finds the part of the contract that a violation breaks, and what may be answered. */

import { read } from './api.js';

let contract = { paths: {} };
const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

export async function load() {
  contract = await read('/openapi.json?view=client');
}

const unescaped = (part) => part.replaceAll('~1', '/').replaceAll('~0', '~');

/** Follow references; answer the object and the place where it stands. */
function resolve(node, place) {
  while (node?.$ref) {
    place = node.$ref.slice(2).split('/').map(unescaped);
    node = place.reduce((inside, part) => inside?.[part], contract);
  }
  return [node, place];
}

/** All operations: `id`, `method`, `path`, `place` and `node`. */
export function operations() {
  return Object.entries(contract.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({
      id: item[method].operationId, method: method.toUpperCase(), path, node: item[method], place: ['paths', path, method],
    })));
}

/** What an operation may answer: status, description and the names of its examples. */
export function answers(id) {
  const found = operations().find((operation) => operation.id === id);
  return Object.entries(found?.node.responses ?? {}).map(([key, response]) => {
    const [node] = resolve(response, []);
    const examples = Object.entries(node.content?.['application/json']?.examples ?? {});
    return {
      status: key === 'default' ? 200 : Number(key),
      description: node.description.split('\n')[0],
      examples: examples.map(([name, { summary, value }]) => ({ name, summary: summary ?? name, code: value?.code })),
    };
  });
}

/** What the contract says of an error of an operation, such as why a session is refused. */
export const meaning = (id, status, code) =>
  code && answers(id).find((answer) => answer.status === status)?.examples.find((example) => example.code === code)?.summary;

const KEYWORDS = [
  [/must have at least .* characters/, 'minLength'], [/must have at most .* characters/, 'maxLength'],
  [/must have at least .* items/, 'minItems'], [/must have at most .* items/, 'maxItems'],
  [/must be at least/, 'minimum'], [/must be at most/, 'maximum'], [/must be more than/, 'exclusiveMinimum'],
  [/must be less than/, 'exclusiveMaximum'], [/whole multiple/, 'multipleOf'], [/must match/, 'pattern'],
  [/must be one of/, 'enum'], [/is required/, 'required'], [/must not be empty/, 'required'], [/must be given once/, 'name'],
  [/must be a|must be null/, 'type'], [/JSON/, 'content'],
];
const keywordOf = (reason) => KEYWORDS.find(([pattern]) => pattern.test(reason))?.[1];

/** Answer `place`, `value` and `keyword` of what a violation breaks, and `decided`: why, where the documentation is silent. */
export function broken(id, violation) {
  const operation = operations().find((each) => each.id === id);
  if (!operation) return undefined;
  const found = violation.in === 'body' ? inBody(operation, violation) : inParameters(operation, violation);
  if (!found?.node) return undefined;
  const keyword = keywordOf(violation.reason);
  return { place: found.place, value: plain(found.node), keyword, decided: decided(found.node, keyword) };
}

function inParameters({ node, place }, { in: where, name }) {
  const all = (node.parameters ?? []).map((each, at) => resolve(each, [...place, 'parameters', at]));
  const [found, there] = all.find(([each]) => each.in === where && each.name === name) ?? [];
  return found && { node: found, place: [...there.slice(0, -1), found.name] };
}

function inBody({ node, place }, { name, reason }) {
  const [body, there] = resolve(node.requestBody, [...place, 'requestBody']);
  const schema = body?.content?.['application/json']?.schema;
  if (!schema || (name === '' && /required|JSON/.test(reason))) return { node: body, place: there };
  const parts = name.split('/').slice(1).map(unescaped);
  if (/is required/.test(reason)) parts.pop();
  return parts.reduce(inside, asSchema(schema, [...there, 'content', 'application/json', 'schema']));
}

function asSchema(schema, place) {
  const [node, there] = resolve(schema, place);
  return { node, place: there };
}

/** Step into a member of an object or a list. */
function inside(found, part) {
  const { node, place } = found ?? {};
  if (!node) return undefined;
  if (node.properties?.[part]) return asSchema(node.properties[part], [...place, 'properties', part]);
  if (node.items && /^\d+$/.test(part)) return asSchema(node.items, [...place, 'items']);
  for (const kind of ['allOf', 'anyOf', 'oneOf']) {
    for (const [at, each] of (node[kind] ?? []).entries()) {
      const deeper = inside(asSchema(each, [...place, kind, at]), part);
      if (deeper) return deeper;
    }
  }
  return undefined;
}

/** A part of the contract without examples and marks, references shown by name. */
function plain(node) {
  if (Array.isArray(node)) return node.map(plain);
  if (typeof node !== 'object' || node === null) return node;
  if (node.$ref) return node.$ref.split('/').pop();
  return Object.fromEntries(Object.entries(node)
    .filter(([key]) => !key.startsWith('x-') && key !== 'examples').map(([key, value]) => [key, plain(value)]));
}

/** Why this project decided a keyword that the documentation does not have. */
function decided(node, keyword) {
  if (typeof node !== 'object' || node === null) return undefined;
  const mark = node['x-inferred'];
  if (mark === true || (keyword && Array.isArray(mark) && mark.includes(keyword))) return node['x-why'];
  return decided(node.schema, keyword) ?? decided(node.items, keyword);
}
