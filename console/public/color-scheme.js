// Sets light or dark before the first paint. A file of its own, because the page allows no inline script.
(function () {
  var wanted = null;
  try {
    wanted = localStorage.getItem('mantine-color-scheme-value');
  } catch (error) {
    // Storage is not available: the system decides.
  }
  var dark = wanted === 'dark' || (wanted !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
})();
