#include "event/envelope.h"

#include <cstring>

namespace sluice {
namespace {

constexpr std::string_view kBeforeVersion = ",\"version\":";

// `,"version":2}` and the newline.
constexpr std::size_t suffix_size(bool newline) { return kBeforeVersion.size() + 2 + (newline ? 1 : 0); }

}  // namespace

EnvelopeWriter::EnvelopeWriter(const EntryView& entry, EnvelopeOptions options)
    : suffix_size_(suffix_size(options.newline)), newline_(options.newline) {
  prefix_ =
      "{\"project\":\"" + entry.project().hex() + "\",\"environment\":\"" + entry.environment().hex() + "\",\"event\":";
}

char* EnvelopeWriter::write(char* out, const EventSlot& event) const {
  std::memcpy(out, prefix_.data(), prefix_.size());
  out += prefix_.size();
  std::memcpy(out, event.json.data(), event.json.size());
  out += event.json.size();
  std::memcpy(out, kBeforeVersion.data(), kBeforeVersion.size());
  out += kBeforeVersion.size();
  *out++ = static_cast<char>('0' + event.version);
  *out++ = '}';
  if (newline_) *out++ = '\n';
  return out;
}

void EnvelopeWriter::append(std::string& out, const EventSlot& event) const {
  const std::size_t start = out.size();
  out.resize(start + size(event));
  write(out.data() + start, event);
}

}  // namespace sluice
