// Calls from this page take the console's session when no access token is set; a change then needs this header, which no
// other site's page can send.
document.addEventListener('request', ({ detail }) => {
  const headers = new Headers(detail.request.headers);
  headers.set('X-Sluice-Console', '1');
  detail.request.headers = headers;
});
