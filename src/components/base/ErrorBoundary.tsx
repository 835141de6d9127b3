/** A part that fails takes nothing else with it. */

import { Component, type ErrorInfo, type ReactNode } from 'react';
import { Button } from './Button';
import { HostContext } from './host';
import { NotFetched } from './lazily';
import { Note } from './Note';
import { translate } from '../words';

export interface IErrorBoundaryProps {
  /** What the part is: "The versions". Default: "This part". */
  part?: string;
  /** A change of it tries again by itself: the dataset that is shown. */
  resetKey?: unknown;
  children: ReactNode;
}

interface IErrorBoundaryState {
  error: Error | null;
  resetKey: unknown;
}

export class ErrorBoundary extends Component<IErrorBoundaryProps, IErrorBoundaryState> {
  static override contextType = HostContext;
  declare context: React.ContextType<typeof HostContext>;

  override state: IErrorBoundaryState = { error: null, resetKey: this.props.resetKey };

  static getDerivedStateFromError(error: Error): Partial<IErrorBoundaryState> {
    return { error };
  }

  static getDerivedStateFromProps(
    props: IErrorBoundaryProps,
    state: IErrorBoundaryState
  ): Partial<IErrorBoundaryState> | null {
    return props.resetKey === state.resetKey ? null : { error: null, resetKey: props.resetKey };
  }

  override componentDidCatch(error: Error, info: ErrorInfo): void {
    if (error instanceof NotFetched) {
      error.again();
    }
    // For whoever looks into it; people are not shown a stack trace.
    console.error('omicshelf: a part could not be shown.', error, info.componentStack);
  }

  override render(): ReactNode {
    if (!this.state.error) {
      return this.props.children;
    }
    const t = this.context?.t ?? ENGLISH;
    const part = this.props.part ?? t('This part');
    const isMissing = this.state.error instanceof NotFetched;
    return (
      <div className="omicshelf-failed">
        <Note
          kind="error"
          title={
            isMissing
              ? t('{part} could not be fetched', { part })
              : t('{part} cannot be shown', { part })
          }
          actions={
            <Button look="bordered" onClick={() => this.setState({ error: null })}>
              {isMissing ? t('Try again') : t('Reload this part')}
            </Button>
          }
        >
          {isMissing
            ? t('The server did not answer. If it was updated meanwhile, reload the page.')
            : t('It failed while it was drawn. Your data are not touched, and the rest goes on.')}
        </Note>
      </div>
    );
  }
}

const ENGLISH = translate();
