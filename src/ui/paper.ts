let drawing = false;

/** Whether something is being drawn for paper: nothing can be put off then. */
export function isForPaper(): boolean {
  return drawing;
}

/**
 * Calls `draw` before the page is printed, which has to be done when it returns; what is out of sight is printed, too.
 * Returns how to end that.
 */
export function onPaper(draw: () => void): () => void {
  const print = (): void => {
    drawing = true;
    try {
      draw();
    } finally {
      drawing = false;
    }
  };
  addEventListener('beforeprint', print);
  return () => {
    removeEventListener('beforeprint', print);
  };
}
