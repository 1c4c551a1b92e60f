// The exported record: {"project":…,"environment":…,"event":{…},"version":n}, in LaunchDarkly's key order
// (docs/events.md).
#pragma once

#include <string>

#include "event/entry.h"

namespace sluice {

struct EnvelopeOptions {
  bool newline = true;  // the record ends in one \n, so that Firehose writes one event a line
};

// Writes records for the events of one entry: the constant part is prepared once.
class EnvelopeWriter {
 public:
  EnvelopeWriter() = default;
  EnvelopeWriter(const EntryView& entry, EnvelopeOptions options);

  std::size_t size(const EventSlot& event) const { return prefix_.size() + event.json.size() + suffix_size_; }
  // Appends the record.
  void append(std::string& out, const EventSlot& event) const;
  // Writes size(event) bytes to `out`; returns the end.
  char* write(char* out, const EventSlot& event) const;

 private:
  std::string prefix_;
  std::size_t suffix_size_ = 0;
  bool newline_ = true;
};

}  // namespace sluice
