#include "intake/dead_letters.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

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

IntakeDeadLetters::IntakeDeadLetters(std::string directory, const IntakeLimits& limits, IntakeMetrics& metrics)
    : directory_(std::move(directory)),
      max_file_bytes_(limits.max_dead_letter_file_bytes),
      max_queue_bytes_(limits.max_dead_letter_queue_bytes),
      metrics_(metrics),
      thread_([this] { run(); }) {}

IntakeDeadLetters::~IntakeDeadLetters() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
  if (file_ >= 0) ::close(file_);
}

void IntakeDeadLetters::keep(std::string_view lines, std::uint64_t count) {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() + lines.size() > max_queue_bytes_) {
      metrics_.count_dead_letters(0, count);
      return;
    }
    queue_.append(lines);
    queued_ += count;
  }
  wake_.notify_one();
}

void IntakeDeadLetters::flush() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return queue_.empty() && !writing_; });
}

void IntakeDeadLetters::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    std::string lines;
    lines.swap(queue_);
    const std::uint64_t count = std::exchange(queued_, 0);
    writing_ = true;
    lock.unlock();
    const bool written = write(lines);
    metrics_.count_dead_letters(written ? count : 0, written ? 0 : count);
    lock.lock();
    writing_ = false;
    idle_.notify_all();
  }
}

void IntakeDeadLetters::open() {
  std::error_code ignored;
  std::filesystem::create_directories(directory_, ignored);
  const std::string path = directory_ + "/intake.ndjson";
  file_ = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  struct stat status {};
  file_bytes_ = file_ >= 0 && ::fstat(file_, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

bool IntakeDeadLetters::write(std::string_view lines) {
  if (file_ < 0) open();
  if (file_ >= 0 && file_bytes_ > 0 && file_bytes_ + lines.size() > max_file_bytes_) {
    ::close(file_);
    file_ = -1;
    ::rename((directory_ + "/intake.ndjson").c_str(), (directory_ + "/intake.1.ndjson").c_str());
    open();
  }
  ssize_t written = -1;
  while (file_ >= 0 && !lines.empty()) {
    written = ::write(file_, lines.data(), lines.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    lines.remove_prefix(static_cast<std::size_t>(written));
    file_bytes_ += static_cast<std::uint64_t>(written);
  }
  const bool failed = !lines.empty();
  if (failed && !failing_)
    log_warn("intake.dead_letters_failed", {{"directory", directory_}, {"error", std::strerror(errno)}});
  failing_ = failed;
  return !failed;
}

}  // namespace sluice::intake
