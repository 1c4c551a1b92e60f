#include "receiver.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/base64.h"
#include "decode.h"
#include "framing/decompress_fake.h"

namespace sluice::simulation {
namespace {

using framing::StreamCompressor;
using http_client::HttpRequest;
using http_client::HttpResponse;

std::string signature_of(std::string_view id, std::string_view time, std::string_view body) {
  const std::string key = base64_decode(std::string_view(Receiver::kSecret).substr(6)).value_or("");
  const std::string text = fmt::format("{}.{}.{}", id, time, body);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), digest, &size);
  std::string signature = "v1,";
  base64_append(signature, {reinterpret_cast<const char*>(digest), size});
  return signature;
}

}  // namespace

// A third of them take small bodies alone.
Receiver::Receiver(std::uint64_t seed) : Service(seed) {
  most_bytes_ = random().below(3) != 0 ? SIZE_MAX : 1'500 + random().below(12'000);
}

void Receiver::verify(const HttpRequest& request) {
  const std::string_view id = header_of(request, "webhook-id"), time = header_of(request, "webhook-timestamp");
  if (request.method != "POST" || !id.starts_with("msg_"))
    breaks(fmt::format("a batch came as {} {}", request.method, id));
  if (header_of(request, "webhook-signature") != signature_of(id, time, request.body))
    breaks(fmt::format("the signature of {} is not right", id));
}

std::vector<std::string> Receiver::lines_of(const HttpRequest& request) {
  const std::string_view encoding = header_of(request, "content-encoding");
  const auto format = encoding == "gzip"   ? StreamCompressor::Format::gzip
                      : encoding == "zstd" ? StreamCompressor::Format::zstd
                                           : StreamCompressor::Format::none;
  const std::string text = framing::decompressed(request.body, format);
  const std::string id(header_of(request, "webhook-id"));
  const auto [kept, fresh] = bodies_.emplace(id, text);
  if (!fresh && kept->second != text) breaks(fmt::format("{} came with other events the second time", id));
  std::vector<std::string> lines;
  if (header_of(request, "content-type") == "application/json") {
    const auto array = nlohmann::ordered_json::parse(text, nullptr, false);
    if (!array.is_array()) breaks(id + " is no array: " + text);
    for (const auto& each : array) lines.push_back(each.dump() + "\n");
    return lines;
  }
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) {
      breaks(id + " is not whole lines: " + text);
      break;
    }
    lines.emplace_back(rest.substr(0, end + 1));
    rest.remove_prefix(end + 1);
  }
  return lines;
}

HttpResponse Receiver::answer(const HttpRequest& request, Signature) {
  if (auto trouble = http_trouble()) return *trouble;
  if (random().unit() < faults.refuses) return plain_answer(400, "cannot be read today");
  verify(request);
  const std::vector<std::string> lines = lines_of(request);
  if (lines.empty()) breaks("a batch has no events");
  bool too_large = request.body.size() > most_bytes_;
  for (const std::string& line : lines) too_large = too_large || line.find("\"poison\"") != std::string::npos;
  if (too_large) {
    if (lines.size() == 1) refused.insert(read_event(lines.front()).mark);
    return plain_answer(413, "<html>Request Entity Too Large</html>");
  }
  for (const std::string& line : lines) {
    const Taken event = read_event(line);
    ++ledger[event.mark][event.id];
    ++taken;
  }
  ++batches_;
  constexpr int kThanks[] = {200, 202, 204};
  return plain_answer(kThanks[random().below(std::size(kThanks))]);
}

}  // namespace sluice::simulation
