// A page opened from a file, or by a browser without modules, gets no module: this script says so instead. It is a
// classic script, so that it runs there, too, and comes before the others, so that it hears of those that fail.
(function () {
  'use strict';
  function say() {
    const words = document.getElementById('unopened');
    words.hidden = false;
    // The page's own style sheets are not to be had either.
    words.style.font = '16px/1.6 system-ui, sans-serif';
    words.style.maxWidth = '42rem';
    words.style.margin = '12vh auto';
    words.style.padding = '0 1rem';
  }
  addEventListener('DOMContentLoaded', function () {
    if (location.protocol === 'file:') {
      document.getElementById('unopened-why').hidden = true;
      document.getElementById('unopened-file').hidden = false;
      say();
    } else if (!('noModule' in HTMLScriptElement.prototype)) say();
  });
  addEventListener(
    'error',
    function (event) {
      // The page's own script, and not one that a part of it asks for later.
      const root = document.getElementById('root');
      if (event.target instanceof HTMLScriptElement && root !== null && !root.hasChildNodes()) say();
    },
    true,
  );
})();
