"""A chat endpoint as cheap as can be, so that what is measured is the client.

    python benchmarks/conversation_server.py --latency-ms 50      (prints its port)

It answers "a + b = ?" with the sum, as an OpenAI-compatible server would.
"""

import argparse
import asyncio
import re

import uvloop

QUESTION = re.compile(rb"(\d+) \+ (\d+)")
BODY = (
    b'{"id":"chatcmpl-0","object":"chat.completion","created":1767225600,"model":"bench-1","choices":[{"index":0,'
    b'"message":{"role":"assistant","content":"%d","refusal":null},"logprobs":null,"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":12,"completion_tokens":2,"total_tokens":14},"system_fingerprint":"fp_0"}'
)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class Endpoint(asyncio.Protocol):
    """One connection: requests in, sums out, in order."""

    latency = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 : at + 32].split(b"\r\n")[0]) if at >= 0 else 0
            if len(self.buffer) < end + 4 + length:
                return
            body = self.buffer[end + 4 : end + 4 + length]
            self.buffer = self.buffer[end + 4 + length :]
            asked = QUESTION.findall(body)
            answer = BODY % (int(asked[-1][0]) + int(asked[-1][1]) if asked else 0)
            response = HEAD % len(answer) + answer
            if self.latency:
                asyncio.get_running_loop().call_later(self.latency, self.send, response)
            else:
                self.send(response)

    def send(self, response: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(response)


async def serve(latency: float) -> None:
    Endpoint.latency = latency
    server = await asyncio.get_running_loop().create_server(Endpoint, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency-ms", type=float, default=0.0)
    uvloop.run(serve(parser.parse_args().latency_ms / 1000))
