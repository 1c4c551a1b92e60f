#include "destinations/webhook/receiver_help.h"

#include <fmt/format.h>

#include "destinations/webhook/signature.h"

namespace sluice::webhook {
namespace {

using Json = nlohmann::ordered_json;

// Filled in: what decompression needs, and how a body becomes events.
constexpr std::string_view kReceiver =
    R"js(// WEBHOOK_SECRETS='whsec_…' PORT=8080 node receiver.mjs   (two secrets during a rotation, with a space between them)
import {{ createHmac, timingSafeEqual }} from 'node:crypto';
import {{ createServer }} from 'node:http';
{import}
const keys = process.env.WEBHOOK_SECRETS.split(' ').map((secret) => Buffer.from(secret.slice('whsec_'.length), 'base64'));
createServer(async (request, response) => {{
  const body = await request.toArray().then(Buffer.concat, () => undefined);
  if (body === undefined) return;  // the sender broke off
  const {{ 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signatures = '' }} = request.headers;
  const right = keys.map((key) => 'v1,' + createHmac('sha256', key).update(`${{id}}.${{time}}.`).update(body).digest('base64'));
  const isRight = (given) => right.some((one) => one.length === given.length && timingSafeEqual(Buffer.from(one), Buffer.from(given)));
  if (!signatures.split(' ').some(isRight) || !(Math.abs(Date.now() / 1000 - time) < 300)) return response.writeHead(401).end();
  const events = {events};
  for (const {{ event }} of events) console.log(id, event.id, event.kind, event.key);
  response.writeHead(204).end();
}}).listen(process.env.PORT ?? 8080);
)js";

// For people who write a receiver of their own.
constexpr std::string_view kVerify =
    R"(- Read the body as bytes. Verify before decompressing or parsing: the signature is over the bytes as sent.
- The signed text is webhook-id, a dot, webhook-timestamp, a dot, and the body. The signature is the base64
  of its HMAC-SHA-256. The key is the base64 after whsec_, decoded.
- webhook-signature holds one signature per secret, with spaces between them, each after "v1,". One that
  matches is enough. Compare in constant time.
- Refuse a webhook-timestamp that is more than 5 minutes off: a recorded request cannot be sent again later.
- A batch that is sent again has the same webhook-id. After a restart of Sluice events may come in other
  batches: tell events apart by their id.
- Answer 2xx once the batch is stored, and process it afterwards.
- Libraries for other languages: https://www.standardwebhooks.com
)";

Result<std::string> text_in(const nlohmann::json& config, const char* member) {
  const auto found = config.find(member);
  if (found == config.end() || found->is_null()) return std::string();
  if (!found->is_string()) return fail(fmt::format("config.{}: expected text, got {}.", member, found->dump()));
  return found->get<std::string>();
}

}  // namespace

std::string receiver_program(bool is_array, std::string_view compression) {
  std::string text = "body", import;
  if (compression == "gzip" || compression == "zstd") {
    const std::string_view name = compression == "gzip" ? "gunzipSync" : "zstdDecompressSync";
    import = fmt::format("import {{ {} }} from 'node:zlib';\n", name);
    text = fmt::format("{}(body)", name);
  }
  const std::string_view read =
      is_array ? "JSON.parse({}.toString())" : "{}.toString().trimEnd().split('\\n').map((line) => JSON.parse(line))";
  return fmt::format(kReceiver, fmt::arg("import", import), fmt::arg("events", fmt::format(fmt::runtime(read), text)));
}

Result<Json> receiver_help(const nlohmann::json& config, bool draft) {
  const auto format = text_in(config, "format");
  if (!format) return tl::unexpected(format.error());
  const auto compression = text_in(config, "compression");
  if (!compression) return tl::unexpected(compression.error());
  Json out = Json::object();
  const auto secrets = config.find("signingSecrets");
  if (draft && (secrets == config.end() || secrets->empty())) out["signingSecret"] = SigningSecret::create();
  out["receiver"] = receiver_program(*format == "json", *compression);
  out["verify"] =
      std::string(kVerify) + (*compression == "zstd" ? "- Node.js reads zstd from version 22.15 on.\n" : "");
  return out;
}

}  // namespace sluice::webhook
