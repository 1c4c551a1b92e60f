#include "intake/dead_letters.h"

#include <fmt/format.h>

#include <iterator>
#include <span>
#include <utility>

#include "base/base64.h"
#include "base/json_string.h"
#include "base/log.h"
#include "base/text.h"
#include "base/utf8.h"
#include "event/entry.h"

namespace sluice::intake {

void append_dead_letter(std::string& out, const IntakeDeadLetter& letter, std::size_t max_event_bytes) {
  out.append("{\"time\":\"").append(iso_time_ms(letter.received_ms));
  out.append("\",\"environment\":\"").append(letter.environment.hex()).append("\",\"payload_id\":");
  append_json_string(out, printable(letter.payload_id.substr(0, event::kMaxSourceText)));
  out.append(",\"sdk\":");
  append_json_string(out, printable(letter.sdk.substr(0, event::kMaxSourceText)));
  fmt::format_to(std::back_inserter(out), ",\"position\":{},\"reason\":", letter.position);
  append_json_string(out, printable(letter.reason));
  const std::string_view kept = letter.bytes.substr(0, max_event_bytes);
  if (kept.size() < letter.bytes.size())
    fmt::format_to(std::back_inserter(out), ",\"event_bytes\":{}", letter.bytes.size());
  if (is_utf8(kept)) {
    out.append(",\"event\":");
    append_json_string(out, kept);
  } else {
    out.append(",\"event_base64\":\"");
    base64_append(out, kept);
    out.push_back('"');
  }
  out.append("}\n");
}

IntakeDeadLetters::IntakeDeadLetters(storage::FileSystem& files, std::string directory, const IntakeLimits& limits,
                                     IntakeMetrics& metrics, Workers& workers)
    : files_(files),
      directory_(std::move(directory)),
      max_queue_bytes_(limits.max_dead_letter_queue_bytes),
      metrics_(metrics),
      with_key_{directory_ + "/intake", limits.max_dead_letter_file_bytes},
      with_client_side_id_{directory_ + "/intake-client", limits.max_client_dead_letter_file_bytes} {
  worker_ = workers.start("intake-letters", notifier_, [this] { return step(); });
}

IntakeDeadLetters::~IntakeDeadLetters() {
  stopping_ = true;
  notifier_.notify();
  worker_->join();
}

void IntakeDeadLetters::keep(CredentialKind credential, std::string_view lines, std::uint64_t count) {
  Store& store = credential == CredentialKind::client_side_id ? with_client_side_id_ : with_key_;
  {
    const std::lock_guard lock(mutex_);
    if (store.queue.size() + lines.size() > max_queue_bytes_) {
      metrics_.count_dead_letters(0, count);
      return;
    }
    store.queue.append(lines);
    store.queued += count;
  }
  notifier_.notify();
}

std::int64_t IntakeDeadLetters::step() {
  const bool last = stopping_;
  write_queue(with_key_);
  write_queue(with_client_side_id_);
  return last ? kWorkerDone : kUntilNotified;
}

void IntakeDeadLetters::write_queue(Store& store) {
  std::string lines;
  std::uint64_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    lines.swap(store.queue);
    count = std::exchange(store.queued, 0);
  }
  if (lines.empty()) return;
  const auto written = write(store, lines);
  metrics_.count_dead_letters(written ? count : 0, written ? 0 : count);
  if (!written && !store.failing)
    log_warn("intake.dead_letters_failed", {{"file", store.stem + ".ndjson"}, {"reason", written.error().message}});
  store.failing = !written;
}

storage::FileResult<void> IntakeDeadLetters::open(Store& store) {
  if (auto made = files_.make_directory(directory_); !made) return made;
  auto opened = files_.open(store.stem + ".ndjson", true);
  if (!opened) return tl::unexpected(opened.error());
  const auto size = (*opened)->size();
  if (!size) return tl::unexpected(size.error());
  char end = '\n';
  if (*size > 0)
    if (const auto read = (*opened)->read_at(*size - 1, &end, 1); !read) return tl::unexpected(read.error());
  store.torn = end != '\n';
  store.file = std::move(*opened);
  store.file_bytes = *size;
  return {};
}

storage::FileResult<void> IntakeDeadLetters::write(Store& store, std::string_view lines) {
  if (!store.file)
    if (auto opened = open(store); !opened) return opened;
  if (store.file_bytes > 0 && store.file_bytes + lines.size() > store.max_file_bytes) {
    store.file.reset();
    if (auto renamed = files_.rename(store.stem + ".ndjson", store.stem + ".1.ndjson"); !renamed) return renamed;
    if (auto opened = open(store); !opened) return opened;
  }
  const std::string_view pieces[] = {"\n", lines};
  const std::span<const std::string_view> all(pieces);
  // What a failed write left behind is written over by the next one.
  if (auto written = store.file->write_pieces_at(store.file_bytes, store.torn ? all : all.subspan(1)); !written)
    return written;
  store.file_bytes += lines.size() + (store.torn ? 1 : 0);
  store.torn = false;
  return {};
}

}  // namespace sluice::intake
