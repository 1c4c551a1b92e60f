// Sluice's theme for Mantine.
import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

const water: MantineColorsTuple = [
  '#e3f6f5', '#c8ebe9', '#95d8d4', '#5fc4bf', '#38b2ac', '#1f9f9a', '#0f8783', '#0a6e6d', '#075757', '#043f40',
];
const dark: MantineColorsTuple = [
  '#dbe7e8', '#b8cdd0', '#9db3b7', '#6d868b', '#33494f', '#24373d', '#142429', '#0d1a1e', '#0a1518', '#070f12',
];
const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Ubuntu, Cantarell, sans-serif';
const MONO = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", "DejaVu Sans Mono", monospace';

export const theme = createTheme({
  colors: { water, dark },
  primaryColor: 'water',
  primaryShade: 7,
  autoContrast: true,
  fontFamily: FONT,
  fontFamilyMonospace: MONO,
  defaultRadius: 'md',
  cursorType: 'pointer',
  focusRing: 'auto',
  headings: { fontWeight: '650' },
  components: {
    Checkbox: { defaultProps: { radius: 'sm' } },
    Drawer: { defaultProps: { overlayProps: { backgroundOpacity: 0.45 }, closeButtonProps: { 'aria-label': 'Close' }, transitionProps: { duration: 120 } } },
    Modal: { defaultProps: { overlayProps: { backgroundOpacity: 0.45 }, closeButtonProps: { 'aria-label': 'Close' }, centered: true, transitionProps: { duration: 100 } } },
    Select: { defaultProps: { comboboxProps: { transitionProps: { duration: 0 } } } },
    MultiSelect: { defaultProps: { comboboxProps: { transitionProps: { duration: 0 } } } },
  },
});

// Mantine's dimmed texts have too little contrast for some readers.
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#f5f8f8',
    '--mantine-color-text': '#10262c',
    '--mantine-color-dimmed': '#4a6067',
    '--mantine-color-placeholder': '#5b6f75',
    '--mantine-color-error': '#b3261e',
    '--mantine-color-anchor': '#07605f',
    '--mantine-color-default-border': '#c3d0d2',
  },
  dark: {
    '--mantine-color-body': '#0d1a1e',
    '--mantine-color-text': '#dbe7e8',
    '--mantine-color-dimmed': '#9db3b7',
    '--mantine-color-placeholder': '#8ea4a8',
    '--mantine-color-error': '#ff9a90',
    '--mantine-color-anchor': '#6cd3cc',
    '--mantine-color-default': '#142429',
    '--mantine-color-default-hover': '#1b2f35',
    '--mantine-color-default-border': '#33494f',
  },
});
