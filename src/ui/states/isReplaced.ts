/** Whether the server gives another version of the page than the one that is open; false where it can't be reached. */
export async function isReplaced(): Promise<boolean> {
  const own = [...document.scripts]
    .map((script) => script.getAttribute('src'))
    .find((src) => src?.endsWith('.js'));
  if (own === undefined || own === null) return false;
  const answer = await fetch(location.pathname, { cache: 'no-store' }).catch(() => null);
  return answer?.ok === true && !(await answer.text()).includes(own);
}
