// Without an access token, calls from this page use the console's session; a change then needs this header, which no
// page of another site can send.
document.addEventListener('request', ({ detail }) => {
  const headers = new Headers(detail.request.headers);
  headers.set('X-Sluice-Console', '1');
  detail.request.headers = headers;
});
