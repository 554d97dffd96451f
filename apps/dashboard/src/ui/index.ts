/**
 * What pages are made of. Texts that came from anywhere are given as text, never as markup. Names:
 *
 *   Page {title, lead?, actions?}     one per route, within shell's Frame: heading, title of the window, focus
 *   Section {title, actions?}         a part of it;  Message {title}: a page without the frame
 *   Loaded {query, what}(data => …)   a useQuery result: loading, failed (with "Try again"), there;  More {query}: useInfiniteQuery's next page
 *   Table {caption, columns: Column<Row>[], rows, keyOf, empty};  Empty {title}: says what to do
 *   Confirm {title, confirm, danger?, onConfirm, onClose}, Dialog {title, onClose}: rendered while open
 *   Form {submit, onSubmit(FormData), onCancel?} with TextField, SelectField, CheckField {label, name, hint?}: shows what the API refuses, by field too; fieldText(values, name)
 *   Button {kind: main|plain|danger, busy}, ButtonLink {to};  Notice {tone}, Status {tone}: good|info|warn|bad
 *   Problem {error, retry?}, Loading {what};  Facts {of: [name, value][]}, Time {at}, Mono, Scopes {of}, Copyable {text, label}
 */
export { Button, ButtonLink } from './button.js';
export { Confirm, Dialog } from './dialog.js';
export { Copyable, Facts, Mono, Scopes, Time } from './facts.js';
export { CheckField, fieldText, Form, SelectField, TextField } from './form.js';
export { Loaded, More } from './loaded.js';
export { Message, Page, Section } from './page.js';
export { Empty, Loading, Notice, Problem, Status, type Tone } from './states.js';
export { type Column, Table } from './table.js';
