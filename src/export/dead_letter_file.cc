#include "export/dead_letter_file.h"

#include <fmt/format.h>

#include <utility>

#include "base/json_string.h"
#include "base/text.h"
#include "export/limits.h"
#include "storage/whole_file.h"

namespace sluice::exporting {

namespace {

constexpr std::array<std::string_view, kCredentialKinds> kShareSuffixes = {"", "-mobile", "-client"};

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

// Of the path of the first file, ID.ndjson.
std::string share_stem(const std::string& path, std::size_t share) {
  return path.substr(0, path.rfind('.')).append(kShareSuffixes[share]);
}

std::vector<std::string> named(const std::string& path, std::initializer_list<const char*> endings) {
  std::vector<std::string> all;
  for (std::size_t share = 0; share < kCredentialKinds; ++share)
    for (const char* age : {".1", ""})
      for (const char* ending : endings) all.push_back(share_stem(path, share) + age + ending);
  return all;
}

CredentialKind credential_of(const RejectedEvent& rejected) {
  const auto& entry = rejected.event.entry;
  return entry ? entry->view.source().credential : CredentialKind::sdk_key;
}

}  // namespace

std::vector<std::string> dead_letter_paths(const std::string& path) { return named(path, {".ndjson"}); }

DeadLetterFile::DeadLetterFile(std::string path, ObjectId destination, storage::FileSystem& files, const Clock& clock,
                               const std::array<std::uint64_t, kCredentialKinds>& share_bytes)
    : path_(std::move(path)), destination_(destination), files_(files), clock_(clock) {
  for (std::size_t i = 0; i < kCredentialKinds; ++i)
    shares_[i] = std::make_unique<DeadLetterShare>(share_stem(path_, i), static_cast<CredentialKind>(i), share_bytes[i],
                                                   files, clock);
}

DeadLetterFile::DeadLetterFile(std::string path, ObjectId destination, storage::FileSystem& files, const Clock& clock)
    : DeadLetterFile(std::move(path), destination, files, clock, kDeadLetterShareBytes) {}

// One sync a kind of credential. A part that was kept before another failed is kept twice when the sink asks again.
Result<void> DeadLetterFile::keep(std::span<const RejectedEvent> rejected) {
  std::array<std::string, kCredentialKinds> lines;
  for (const RejectedEvent& each : rejected) lines[static_cast<std::size_t>(credential_of(each))] += line_of(each);
  Result<void> kept;
  for (std::size_t i = 0; i < kCredentialKinds; ++i)
    if (kept && !lines[i].empty()) kept = shares_[i]->append(lines[i]);
  changed_ = true;
  return kept;
}

std::string DeadLetterFile::line_of(const RejectedEvent& rejected) const {
  std::string_view record = rejected.letter.record;
  if (!record.empty() && record.back() == '\n') record.remove_suffix(1);
  std::string position = "unknown";
  const OutboundEvent& event = rejected.event;
  if (event.entry && event.entry->position.value > 0)
    position = fmt::format("{}/{}", event.entry->position.value >> 32, event.entry->position.value & 0xFFFF'FFFFu);
  return fmt::format(R"({{"time":"{}","destination":"{}","code":{},"reason":{},"position":"{}","record":{}}})"
                     "\n",
                     iso_time_ms(clock_.wall_ms()), destination_.hex(), json_string(rejected.letter.code),
                     json_string(rejected.letter.reason), position, record);
}

RotatedByCredential DeadLetterFile::rotated_out() const {
  RotatedByCredential all;
  for (std::size_t i = 0; i < kCredentialKinds; ++i) all[i] = shares_[i]->rotated_out();
  return all;
}

std::uint64_t DeadLetterFile::kept_bytes() {
  if (!changed_.exchange(false)) return kept_bytes_;
  kept_bytes_ = 0;
  for (const std::string& path : named(path_, {".ndjson", ".retrying"}))
    if (const auto file = files_.open(path, false)) kept_bytes_ += (*file)->size().value_or(0);
  return kept_bytes_;
}

Result<std::vector<AsideLetters>> DeadLetterFile::put_aside() {
  changed_ = true;
  std::vector<AsideLetters> all;
  for (const auto& share : shares_) {
    auto put = share->put_aside();
    if (!put) return tl::unexpected(put.error());
    all.insert(all.end(), put->begin(), put->end());
  }
  return all;
}

Result<void> DeadLetterFile::note_done(const AsideLetters& aside, std::uint64_t bytes) {
  const auto written = storage::replace_whole(files_, aside.done_path, std::to_string(bytes));
  if (!written)
    return fail(fmt::format("The file {} cannot be written: {}.", aside.done_path, written.error().message));
  return {};
}

Result<void> DeadLetterFile::put_back(CredentialKind credential, std::string_view lines) {
  auto put = share(credential).append(lines);
  changed_ = true;
  return put;
}

Result<void> DeadLetterFile::bring_back() {
  Result<void> all;
  for (const auto& share : shares_)
    if (all) all = share->bring_back();
  changed_ = true;
  return all;
}

}  // namespace sluice::exporting
