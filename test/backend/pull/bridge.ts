/// <reference types="@cloudflare/workers-types" />
// Hands what the local pull queue delivers to the server that speaks Cloudflare's pull API, which no local queue does.

export default {
  async queue({ messages }, { QUEUE_URL }) {
    for (const { body } of messages) {
      const response = await fetch(`${QUEUE_URL}/bridge`, { method: "POST", body: JSON.stringify({ body }) });
      if (!response.ok) throw new Error(await response.text());
    }
  },
} satisfies ExportedHandler<{ QUEUE_URL: string }>;
