import { pages } from '../../store/view.ts';
import { pageOf } from '../pages.ts';
import { useView } from '../useStore.ts';

/** The pages of the lab; a run goes on while another page is read. */
export function Navigation() {
  const shown = useView((state) => state.page);
  return (
    <nav aria-label="Pages">
      {pages.map((page) => (
        <a key={page} href={`#${page}`} aria-current={page === shown ? 'page' : undefined}>
          {pageOf[page].title}
        </a>
      ))}
    </nav>
  );
}
