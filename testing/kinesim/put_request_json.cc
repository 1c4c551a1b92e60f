#include <charconv>
#include <cstring>

#include "kinesim/base64_decoder.h"
#include "kinesim/put_request.h"

namespace kinesim {
namespace {

constexpr int kDeepestJson = 64;
constexpr std::size_t kMostJsonEntries = 10'000;  // far beyond what is valid: bounds memory, not behaviour

// Steps over JSON text; every step is false at the first thing that is not JSON, and `what` says why.
class Scanner {
 public:
  Scanner(std::string_view text, PutRequest& request)
      : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()), request_(request) {}

  bool whole_body() {
    return object([this](std::string_view name) { return top_field(name); }) && at_end();
  }
  sluice::Error error() const {
    return {std::string("expected ") + what_ + " at byte " + std::to_string(at_ - begin_) + " of the body"};
  }

 private:
  bool top_field(std::string_view name) {
    if (name == "Records") {
      request_.has_records = true;
      return array([this] {
        if (request_.entries.size() == kMostJsonEntries) return expected("fewer than 10,000 records");
        PutRequestEntry& entry = request_.entries.emplace_back();
        return object([&](std::string_view field) { return entry_field(field, entry); });
      });
    }
    if (name == "StreamName") return text(request_.stream_name);
    if (name == "StreamARN") return text(request_.stream_arn);
    if (name == "SequenceNumberForOrdering") return text(request_.sequence_number_for_ordering);
    return entry_field(name, request_.single);
  }

  bool entry_field(std::string_view name, PutRequestEntry& entry) {
    if (name == "Data") return data(entry.data);
    if (name == "PartitionKey") return text(entry.partition_key);
    if (name == "ExplicitHashKey") return text(entry.explicit_hash_key);
    return skip(0);
  }

  template <typename Field>
  bool object(Field&& field) {
    if (!take('{', "'{'")) return false;
    if (next_is('}')) return ++at_, true;
    do {
      std::optional<std::string_view> name;
      if (!text(name) || !name) return expected("a field's name");
      if (!take(':', "':'") || !field(*name)) return false;
    } while (taken(','));
    return take('}', "',' or '}'");
  }

  template <typename Item>
  bool array(Item&& item) {
    if (!take('[', "'['")) return false;
    if (next_is(']')) return ++at_, true;
    do {
      if (!item()) return false;
    } while (taken(','));
    return take(']', "',' or ']'");
  }

  bool data(std::optional<std::string_view>& out) {
    std::optional<std::string_view> encoded;
    if (!text(encoded)) return false;
    if (!encoded) return true;
    const auto size = base64_decode_to(request_.room(), *encoded);
    if (!size) return expected("base64 in Data before here,");
    out = request_.keep(*size);
    return true;
  }

  // A string, or null, which leaves `out` alone.
  bool text(std::optional<std::string_view>& out) {
    blanks();
    if (at_ < end_ && *at_ == 'n') return literal("null");
    if (!take('"', "a string")) return false;
    const char* const start = at_;
    while (true) {
      const void* quote = std::memchr(at_, '"', static_cast<std::size_t>(end_ - at_));
      if (quote == nullptr) return expected("the end of a string");
      at_ = static_cast<const char*>(quote);
      std::size_t backslashes = 0;
      while (at_ - backslashes > start && *(at_ - backslashes - 1) == '\\') ++backslashes;
      if (backslashes % 2 == 0) break;
      ++at_;
    }
    const std::string_view raw(start, static_cast<std::size_t>(at_ - start));
    ++at_;
    if (std::memchr(raw.data(), '\\', raw.size()) == nullptr) return out = raw, true;
    return unescape(raw, out);
  }

  bool unescape(std::string_view raw, std::optional<std::string_view>& out) {
    char* to = request_.room();
    char* const first = to;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] != '\\') {
        *to++ = raw[i];
        continue;
      }
      const char kind = raw[++i];
      static constexpr std::string_view kFrom = "\"\\/bfnrt";
      static constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
      if (const auto simple = kFrom.find(kind); simple != kFrom.npos) {
        *to++ = kTo[simple];
      } else if (kind == 'u') {
        if (!unicode(raw, i, to)) return expected("four hex digits after \\u");
      } else {
        return expected("an escape that JSON knows");
      }
    }
    out = request_.keep(static_cast<std::size_t>(to - first));
    return true;
  }

  // `i` is at the 'u', and at the last digit afterwards.
  static bool unicode(std::string_view raw, std::size_t& i, char*& to) {
    const auto unit = [&](std::size_t at, unsigned& value) {
      if (at + 4 > raw.size()) return false;
      const auto [stop, error] = std::from_chars(raw.data() + at, raw.data() + at + 4, value, 16);
      return error == std::errc{} && stop == raw.data() + at + 4;
    };
    unsigned code = 0, low = 0;
    if (!unit(i + 1, code)) return false;
    i += 4;
    if (code >= 0xD800 && code < 0xDC00 && raw.substr(i + 1, 2) == "\\u" && unit(i + 3, low) && low >= 0xDC00 &&
        low < 0xE000) {
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      i += 6;
    }
    const auto put = [&](unsigned byte) { *to++ = static_cast<char>(byte); };
    if (code < 0x80) {
      put(code);
    } else if (code < 0x800) {
      put(0xC0 | (code >> 6));
      put(0x80 | (code & 63));
    } else if (code < 0x10000) {
      put(0xE0 | (code >> 12));
      put(0x80 | ((code >> 6) & 63));
      put(0x80 | (code & 63));
    } else {
      put(0xF0 | (code >> 18));
      put(0x80 | ((code >> 12) & 63));
      put(0x80 | ((code >> 6) & 63));
      put(0x80 | (code & 63));
    }
    return true;
  }

  bool skip(int depth) {
    if (depth > kDeepestJson) return expected("no more than 64 levels");
    blanks();
    if (at_ == end_) return expected("a value");
    std::optional<std::string_view> ignored;
    switch (*at_) {
      case '{':
        return object([&](std::string_view) { return skip(depth + 1); });
      case '[':
        return array([&] { return skip(depth + 1); });
      case '"':
        return text(ignored);
      case 't':
        return literal("true");
      case 'f':
        return literal("false");
      case 'n':
        return literal("null");
      default:
        return number();
    }
  }

  bool number() {
    double value = 0;
    const auto [stop, error] = std::from_chars(at_, end_, value);
    if (error == std::errc::invalid_argument) return expected("a value");
    at_ = stop;
    return true;
  }

  bool literal(std::string_view word) {
    if (static_cast<std::size_t>(end_ - at_) < word.size() || std::string_view(at_, word.size()) != word)
      return expected("a value");
    at_ += word.size();
    return true;
  }

  void blanks() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }
  bool next_is(char c) {
    blanks();
    return at_ < end_ && *at_ == c;
  }
  bool taken(char c) { return next_is(c) ? (++at_, true) : false; }
  bool take(char c, const char* name) { return taken(c) || expected(name); }
  bool at_end() {
    blanks();
    return at_ == end_ || expected("nothing more");
  }
  bool expected(const char* what) {
    what_ = what;
    return false;
  }

  const char* const begin_;
  const char* at_;
  const char* const end_;
  const char* what_ = "JSON";
  PutRequest& request_;
};

}  // namespace

void PutRequest::begin(std::size_t body_size) {
  stream_name.reset();
  stream_arn.reset();
  sequence_number_for_ordering.reset();
  has_records = false;
  entries.clear();
  single = {};
  used_ = 0;
  // Unescaped Data is kept once as text and once decoded; nothing else is longer than it stands in the body.
  const std::size_t needed = 2 * body_size + base64_decoded_room(64);
  if (needed <= capacity_) return;
  memory_ = std::make_unique_for_overwrite<char[]>(needed);
  capacity_ = needed;
}

sluice::Result<void> PutRequest::parse_json(std::string_view body) {
  begin(body.size());
  Scanner scanner(body, *this);
  if (!scanner.whole_body()) return tl::unexpected(scanner.error());
  return {};
}

}  // namespace kinesim
