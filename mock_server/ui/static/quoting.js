/** Quotes texts for a shell, whoever wrote them: nothing in them is run. */

const UNSEEN = /[\0-\x08\x0b-\x1f\x7f-\x9f]/g; // a terminal would obey them, or change them when they are pasted
const hex = (letter) => letter.charCodeAt(0).toString(16).padStart(2, '0');
const escaped = (letter) => (letter < '\x80' ? `\\x${hex(letter)}` : `\\xc2\\x${hex(letter)}`); // in UTF-8

/** Quote a text as one word: plainly, or as bash and zsh write bytes where some of it would not be seen. */
export const quoted = (text) => (text.search(UNSEEN) < 0 ? `'${text.replaceAll("'", String.raw`'\''`)}'`
  : `$'${text.replace(/[\\']/g, String.raw`\$&`).replace(UNSEEN, escaped)}'`);
