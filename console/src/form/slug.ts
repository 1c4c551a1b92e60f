// A key from a name: "Web shop" becomes "web-shop".
export function keyOf(name: string): string {
  return name.trim().toLowerCase().normalize('NFKD').replace(/[̀-ͯ]/g, '').replace(/[^a-z0-9._-]+/g, '-').replace(/^-+|-+$/g, '');
}
