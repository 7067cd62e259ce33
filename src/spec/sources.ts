/** The paper this lab reproduces, as a `source`: knobs state its values as `paper`. */
export const mgrpo = 'arXiv 2512.13070';
