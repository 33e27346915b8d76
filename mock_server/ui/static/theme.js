/** Light or dark: what the system says, until somebody chooses. */

import { announce, byId } from './dom.js';

const KEPT = 'mock-theme';
const CHOICES = ['system', 'light', 'dark'];

const DARK = matchMedia('(prefers-color-scheme: dark)');
const chosen = () => localStorage.getItem(KEPT) ?? 'system';

function apply(choice) {
  if (choice === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice;
  document.documentElement.classList.toggle('dark-mode', choice === 'dark' || (choice === 'system' && DARK.matches)); // Swagger UI's
  const button = byId('theme');
  if (button) button.setAttribute('aria-label', `Theme: ${choice}`);
}

export function next() {
  const choice = CHOICES[(CHOICES.indexOf(chosen()) + 1) % CHOICES.length];
  localStorage.setItem(KEPT, choice);
  apply(choice);
  announce(`Theme: ${choice}`);
}

apply(chosen());
DARK.addEventListener('change', () => apply(chosen()));
byId('theme')?.addEventListener('click', next);
