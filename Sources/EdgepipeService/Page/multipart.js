// Reads the parts of a multipart answer as they come. Each has a length, so that no byte of a picture is looked at.

const CRLF = [13, 10];
const decoder = new TextDecoder();

/** Gives `{ head, body }` of each part: a map of its fields in small letters, and its bytes. */
export async function* parts(stream) {
  const reader = stream.getReader();
  let bytes = new Uint8Array(0);

  async function more() {
    const { value, done } = await reader.read();
    if (done) return false;
    const joined = new Uint8Array(bytes.length + value.length);
    joined.set(bytes);
    joined.set(value, bytes.length);
    bytes = joined;
    return true;
  }

  /** The next line without its end; null at the end of the stream. */
  async function line() {
    for (;;) {
      const end = bytes.indexOf(CRLF[1]);
      if (end >= 0) {
        const text = decoder.decode(bytes.subarray(0, end));
        bytes = bytes.subarray(end + 1);
        return text.replace(/\r$/, "");
      }
      if (!await more()) return null;
    }
  }

  try {
    for (;;) {
      const boundary = await line();
      if (boundary === null || boundary === "--edgepipe--") return;
      if (boundary !== "--edgepipe") continue;
      const head = new Map();
      for (let field = await line(); field; field = await line()) {
        const [, name, value] = field.match(/^([^:]+): ?(.*)$/) ?? [];
        if (name) head.set(name.toLowerCase(), value);
      }
      const length = Number(head.get("content-length") ?? 0);
      while (bytes.length < length) if (!await more()) return;
      yield { head, body: bytes.slice(0, length) };
      bytes = bytes.subarray(length);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
