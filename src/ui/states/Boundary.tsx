import { Component, type ReactNode, useEffect, useState } from 'react';
import { LabError } from '../../lib/labError.ts';
import { downloadMetrics, hasUnsaved } from '../../store/exportMetrics.ts';
import { forgetFailures } from '../lazily.ts';
import { isReplaced } from './isReplaced.ts';

interface Props {
  /** What the part is called: "The Guide". */
  readonly what: string;
  readonly children: ReactNode;
}

interface State {
  readonly failed: boolean;
  readonly error: unknown;
}

/** Around a part of the page: what fails in it is said in its place and can be tried again; all else goes on. */
export class Boundary extends Component<Props, State> {
  override state: State = { failed: false, error: null };

  static getDerivedStateFromError(error: unknown): State {
    return { failed: true, error };
  }

  override render(): ReactNode {
    const { failed, error } = this.state;
    if (!failed) return this.props.children;
    return (
      <Broken
        what={this.props.what}
        error={error}
        retry={() => {
          forgetFailures();
          this.setState({ failed: false, error: null });
        }}
      />
    );
  }
}

interface BrokenProps {
  readonly what: string;
  readonly error: unknown;
  readonly retry: () => void;
}

function Broken({ what, error, retry }: BrokenProps) {
  return (
    <section className="broken card" role="alert">
      {error instanceof LabError && error.code === 'not-loaded' ? (
        <Missing what={what} />
      ) : (
        <p>
          <strong>{what} can’t be shown.</strong> {error instanceof Error ? error.message : String(error)} The
          run goes on.
        </p>
      )}
      <span className="buttons">
        <button type="button" onClick={retry}>
          Try again
        </button>
      </span>
    </section>
  );
}

/** A part that the server did not give: there is no connection, or another version of the lab took its place. */
function Missing({ what }: { readonly what: string }) {
  const [replaced, setReplaced] = useState(false);
  useEffect(() => {
    let gone = false;
    void isReplaced().then((yes) => {
      if (!gone) setReplaced(yes);
    });
    return () => {
      gone = true;
    };
  }, []);
  if (!replaced) {
    return (
      <p>
        <strong>{what} could not be loaded.</strong> The lab’s server was not reached. Nothing is lost; try it
        again once there is a connection.
      </p>
    );
  }
  return (
    <>
      <p>
        <strong>{what} could not be loaded.</strong> A new version of the lab was published since this page
        was opened, and this part of the old one is gone. Nothing is lost.{' '}
        {hasUnsaved()
          ? 'Reloading would lose the steps of the run: export it first.'
          : 'Reload the page to get the new one.'}
      </p>
      <span className="buttons">
        {hasUnsaved() ? (
          <button type="button" onClick={downloadMetrics}>
            Export the run
          </button>
        ) : (
          <button
            type="button"
            className="go"
            onClick={() => {
              location.reload();
            }}
          >
            Reload
          </button>
        )}
      </span>
    </>
  );
}
