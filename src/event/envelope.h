// The exported record: {"project":…,"environment":…,"event":{…},"version":n}, in LaunchDarkly's key order
// (docs/events.md).
#pragma once

#include <string>
#include <string_view>

#include "event/entry.h"

namespace sluice::event {

// The optional fields that a destination may add to each record (docs/events.md, "Optional fields").
struct RecordFields {
  bool received_date = false;
  bool project_key = false;
  bool environment_key = false;
  bool sdk = false;
  bool application = false;
  bool operator==(const RecordFields&) const = default;
};

struct EnvelopeOptions {
  bool newline = true;  // the record ends in one \n, so that Firehose writes one event a line
  RecordFields fields = {};
  std::string_view project_key = {}, environment_key = {};
};

// Writes records for the events of one entry: the constant part is prepared once.
class EnvelopeWriter {
 public:
  EnvelopeWriter() = default;
  EnvelopeWriter(const EntryView& entry, EnvelopeOptions options);
  // For events whose JSON is the whole record already.
  static EnvelopeWriter verbatim(bool newline);

  std::size_t size(const EventSlot& event) const {
    return prefix_.size() + event.json.size() + (verbatim_ ? 0 : kBeforeVersion.size() + 1) + suffix_.size();
  }
  // Appends the record.
  void append(std::string& out, const EventSlot& event) const;
  // Writes size(event) bytes to `out`; returns the end.
  char* write(char* out, const EventSlot& event) const;

 private:
  std::string prefix_;
  static constexpr std::string_view kBeforeVersion = ",\"version\":";
  std::string suffix_;  // behind the version
  bool verbatim_ = false;
};

}  // namespace sluice::event
