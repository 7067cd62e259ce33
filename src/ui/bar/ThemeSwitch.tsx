import { useEffect } from 'react';
import { setTheme, type Theme, themes } from '../../store/view.ts';
import { useView } from '../useStore.ts';

const names: Readonly<Record<Theme, string>> = { system: 'Auto', light: 'Light', dark: 'Dark' };

/** Light, dark, or as the system is; one press goes to the next. */
export function ThemeSwitch() {
  const theme = useView((state) => state.theme);
  useEffect(() => {
    const system = matchMedia('(prefers-color-scheme: dark)');
    const apply = (): void => {
      const dark = theme === 'dark' || (theme === 'system' && system.matches);
      document.documentElement.dataset['theme'] = dark ? 'dark' : 'light';
    };
    apply();
    system.addEventListener('change', apply);
    return () => {
      system.removeEventListener('change', apply);
    };
  }, [theme]);
  const next = themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'system';
  return (
    <button
      type="button"
      className="theme"
      aria-label={`Theme: ${names[theme]}. Change to ${names[next]}`}
      title={`Theme: ${names[theme]}`}
      onClick={() => {
        setTheme(next);
      }}
    >
      <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
        <circle cx="6" cy="6" r="5" fill="none" stroke="currentColor" strokeWidth="1.5" />
        <path d="M6 1a5 5 0 0 1 0 10z" fill="currentColor" />
      </svg>
      <span className="theme-name">{names[theme]}</span>
    </button>
  );
}
