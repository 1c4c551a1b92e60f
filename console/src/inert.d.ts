import 'react';

// React 18's types do not have the attribute.
declare module 'react' {
  interface HTMLAttributes<T> extends AriaAttributes, DOMAttributes<T> {
    inert?: '';
  }
}
