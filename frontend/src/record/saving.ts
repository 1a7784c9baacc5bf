/** Saving what the page has made as a file of the browser. */

export function saveAs(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Have the browser get a file of the web process, which streams it. */
export function download(address: string, name: string): void {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
}

/** The name of a file about a take: its log's, but for the ending. */
export const beside = (take: string, ending: string): string => `${take.replace(/(-mdrnn)?\.log$/i, "")}.${ending}`;
