const LONGEST_LABEL = 80;

/** Blank on a page, and so no name for anything. */
const VISIBLE = /[^\p{Z}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/u;
/** What ends a line, is half a character, or turns the text behind it round. */
const UNFIT = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

export const LABEL_RULE = '1 to 80 characters, of which one can be seen and none is a control character';

/** Whether a person may call an account so. Counted as it is kept: an `é` is one, however its parts were sent. */
export const isLabel = (label: string): boolean =>
  [...label.normalize()].length <= LONGEST_LABEL && VISIBLE.test(label) && !UNFIT.test(label);
