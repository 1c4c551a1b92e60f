#include "event/envelope.h"

#include <cstring>

#include "base/json_string.h"

namespace sluice::event {
namespace {

// "NodeJSClient/9.1.0" is a name and a version.
void append_sdk(std::string& out, std::string_view sdk) {
  if (sdk.empty()) return;
  const std::size_t slash = sdk.rfind('/');
  out.append(",\"sdk\":{\"name\":");
  append_json_string(out, sdk.substr(0, slash));
  if (slash != std::string_view::npos) {
    out.append(",\"version\":");
    append_json_string(out, sdk.substr(slash + 1));
  }
  out.push_back('}');
}

// "application-id/shop application-version/1.2" as the SDK sends its tags; others stay under their own names.
void append_application(std::string& out, std::string_view tags) {
  constexpr std::string_view kApplication = "application-";
  bool first = true;
  while (!tags.empty()) {
    const std::size_t end = tags.find(' ');
    const std::string_view tag = tags.substr(0, end);
    tags.remove_prefix(end == std::string_view::npos ? tags.size() : end + 1);
    const std::size_t slash = tag.find('/');
    if (slash == std::string_view::npos || slash == 0) continue;
    std::string_view name = tag.substr(0, slash);
    if (name.starts_with(kApplication) && name.size() > kApplication.size()) name.remove_prefix(kApplication.size());
    out.append(first ? ",\"application\":{" : ",");
    first = false;
    append_json_string(out, name);
    out.push_back(':');
    append_json_string(out, tag.substr(slash + 1));
  }
  if (!first) out.push_back('}');
}

}  // namespace

EnvelopeWriter::EnvelopeWriter(const EntryView& entry, EnvelopeOptions options) {
  prefix_ =
      "{\"project\":\"" + entry.project().hex() + "\",\"environment\":\"" + entry.environment().hex() + "\",\"event\":";
  const RecordFields& fields = options.fields;
  if (fields.received_date) suffix_.append(",\"receivedDate\":").append(std::to_string(entry.received_ms()));
  if (fields.project_key) append_json_string(suffix_.append(",\"projectKey\":"), options.project_key);
  if (fields.environment_key) append_json_string(suffix_.append(",\"environmentKey\":"), options.environment_key);
  if (fields.sdk) append_sdk(suffix_, entry.source().sdk);
  if (fields.application) append_application(suffix_, entry.source().tags);
  suffix_.append(options.newline ? "}\n" : "}");
}

EnvelopeWriter EnvelopeWriter::verbatim(bool newline) {
  EnvelopeWriter writer;
  writer.verbatim_ = true;
  if (newline) writer.suffix_ = "\n";
  return writer;
}

char* EnvelopeWriter::write(char* out, const EventSlot& event) const {
  const auto copy = [&out](std::string_view text) {
    std::memcpy(out, text.data(), text.size());
    out += text.size();
  };
  copy(prefix_);
  copy(event.json);
  if (!verbatim_) {
    copy(kBeforeVersion);
    *out++ = static_cast<char>('0' + event.version);
  }
  copy(suffix_);
  return out;
}

void EnvelopeWriter::append(std::string& out, const EventSlot& event) const {
  const std::size_t start = out.size();
  out.resize(start + size(event));
  write(out.data() + start, event);
}

}  // namespace sluice::event
