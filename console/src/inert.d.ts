import 'react';

// React 18 knows the attribute only as an unknown one.
declare module 'react' {
  interface HTMLAttributes<T> extends AriaAttributes, DOMAttributes<T> {
    inert?: '';
  }
}
