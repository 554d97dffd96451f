/**
 * Where what had the focus is gone, a form that is drawn anew or the line that was deleted, somebody who works by keyboard
 * goes on from the title of the part that it was in, and not from the top of the page.
 */
export function keepFocus(part: Element | null | undefined): void {
  setTimeout(() => {
    if (document.activeElement === document.body)
      part?.querySelector<HTMLElement>('[tabindex="-1"]')?.focus({ preventScroll: true });
  });
}
