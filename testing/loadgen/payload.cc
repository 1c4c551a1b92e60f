#include "loadgen/payload.h"

#include <fmt/format.h>
#include <isa-l/igzip_lib.h>

#include "base/check.h"

namespace loadgen {
namespace {

constexpr std::size_t kNumberDigits = 16, kKeyDigits = 12;

void write_hex(char* out, std::size_t digits, std::uint64_t value) {
  for (std::size_t i = digits; i > 0; --i, value >>= 4) out[i - 1] = "0123456789abcdef"[value & 15];
}

void write_decimal(char* out, std::size_t digits, std::uint64_t value) {
  for (std::size_t i = digits; i > 0; --i, value /= 10) out[i - 1] = static_cast<char>('0' + value % 10);
}

constexpr std::string_view kLengthHeader = "Content-Length: ";

}  // namespace

std::string event_id(std::uint32_t run, std::uint64_t number) { return fmt::format("{:08x}{:016x}", run, number); }

void Payload::add_padded(std::string& body, unsigned number) {
  const std::size_t start = body.size();
  Places places{};
  body += fmt::format(R"({{"kind":"feature","key":"loadgen-flag-{:03}","loadgenId":"{:08x})", number % shape_.flags,
                      shape_.run);
  places.number = body.size();
  body.append(kNumberDigits, '0').append(R"(","creationDate":)");
  places.date = body.size();
  body.append(kDateDigits, '1');
  body += R"(,"version":42,"variation":1,"value":true,"default":false,"reason":{"kind":"RULE_MATCH","ruleIndex":2,)"
          R"("ruleId":"5f1c2a7e-3b6d-4c8e-9a01-2b3c4d5e6f70"},"context":{"kind":"user","key":"user-)";
  places.context = body.size();
  body.append(kContextDigits, '0').append(R"(","country":"NL","plan":"enterprise","attributes":")");
  constexpr std::string_view kEnd = "\"}}";
  const std::size_t size = body.size() - start + kEnd.size();
  if (size < shape_.event_bytes) body.append(shape_.event_bytes - size, 'x');
  body += kEnd;
  events_.push_back(places);
}

void Payload::add_drawn(std::string& body, SdkEvents& drawn) {
  const SdkEvents::Event event = drawn.next();
  Places places{};
  body += fmt::format(R"({{"loadgenId":"{:08x})", shape_.run);
  places.number = body.size();
  body.append(kNumberDigits, '0').append("\",");
  places.context = body.size() + event.context_at;
  places.date = body.size() + event.date_at;
  body.append(event.members).append("}");
  events_.push_back(places);
}

Payload::Payload(const PayloadShape& shape) : shape_(shape) {
  std::string body = "[";
  SdkEvents drawn(shape.seed);
  for (unsigned i = 0; i < shape.events; ++i) {
    if (i > 0) body += ',';
    shape.as_sdks_send ? add_drawn(body, drawn) : add_padded(body, i);
  }
  body += "]";
  body_size_ = body.size();
  SLUICE_CHECK(shape.keys == 1 || shape.authorization.size() > kKeyDigits, "a key has digits to change");
  text_ = fmt::format(
      "POST {} HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nUser-Agent: loadgen/1\r\n"
      "X-LaunchDarkly-Event-Schema: 4\r\nContent-Type: application/json\r\nX-LaunchDarkly-Payload-ID: ",
      shape.path, shape.host, shape.authorization);
  payload_id_at_ = text_.size();
  key_number_at_ = text_.find("\r\nUser-Agent:") - kKeyDigits;
  text_ += fmt::format("{:08x}-0000-4000-8000-000000000000\r\n", shape.run);
  if (shape.gzip) text_ += "Content-Encoding: gzip\r\n";
  text_ += fmt::format("{}{}\r\n\r\n", kLengthHeader, body_size_);
  header_size_ = text_.size();
  for (auto& places : events_) {
    places.number += header_size_;
    places.context += header_size_;
    places.date += header_size_;
  }
  text_ += body;
}

std::string_view Payload::request(std::uint64_t first_number, std::uint64_t payload_id, std::int64_t now_ms) {
  write_hex(text_.data() + payload_id_at_ + 24, 12, payload_id);
  if (shape_.keys > 1) write_decimal(text_.data() + key_number_at_, kKeyDigits, payload_id % shape_.keys);
  for (std::size_t i = 0; i < events_.size(); ++i) {
    const std::uint64_t number = first_number + i;
    write_hex(text_.data() + events_[i].number, kNumberDigits, number);
    write_decimal(text_.data() + events_[i].context, kContextDigits, number * 2654435761u % shape_.contexts);
    write_decimal(text_.data() + events_[i].date, kDateDigits, static_cast<std::uint64_t>(now_ms));
  }
  if (!shape_.gzip) return text_;
  compress();
  return compressed_;
}

void Payload::compress() {
  std::string packed(body_size_ + body_size_ / 8 + 1024, '\0');
  isal_zstream stream;
  isal_deflate_stateless_init(&stream);
  std::string level(ISAL_DEF_LVL1_DEFAULT, '\0');
  stream.level = 1;
  stream.level_buf = reinterpret_cast<std::uint8_t*>(level.data());
  stream.level_buf_size = ISAL_DEF_LVL1_DEFAULT;
  stream.gzip_flag = IGZIP_GZIP;
  stream.end_of_stream = 1;
  stream.next_in = reinterpret_cast<std::uint8_t*>(text_.data() + header_size_);
  stream.avail_in = static_cast<std::uint32_t>(body_size_);
  stream.next_out = reinterpret_cast<std::uint8_t*>(packed.data());
  stream.avail_out = static_cast<std::uint32_t>(packed.size());
  SLUICE_CHECK(isal_deflate_stateless(&stream) == COMP_OK, "there is room for what does not compress");
  packed.resize(stream.total_out);
  compressed_.assign(text_, 0, text_.rfind(kLengthHeader, header_size_));
  compressed_ += fmt::format("{}{}\r\n\r\n", kLengthHeader, packed.size());
  compressed_ += packed;
}

}  // namespace loadgen
