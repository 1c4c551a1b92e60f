#include "kinesim/simulator.h"

#include <mutex>

#include "kinesim/archive.h"

namespace kinesim {

void Stats::count(std::string_view operation, std::string_view error, std::uint64_t records,
                  std::uint64_t records_failed, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  auto found = operations_.find(operation);
  if (found == operations_.end()) found = operations_.emplace(operation, Operation{}).first;
  Operation& counts = found->second;
  ++counts.calls;
  counts.records += records;
  counts.records_failed += records_failed;
  counts.bytes += bytes;
  if (!error.empty()) ++counts.errors[std::string(error)];
}

void Stats::count_record_error(std::string_view operation, std::string_view code) {
  const std::lock_guard lock(mutex_);
  ++operations_[std::string(operation)].errors["record:" + std::string(code)];
}

std::map<std::string, Stats::Operation, std::less<>> Stats::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

void Stats::clear() {
  const std::lock_guard lock(mutex_);
  operations_.clear();
}

Simulator::Simulator(SimulatorSettings settings, const sluice::Clock& clock)
    : settings_(std::move(settings)), clock_(clock), directory_(settings_.account) {}

Simulator::~Simulator() = default;

void Simulator::set_archive(std::unique_ptr<Archive> archive) { archive_ = std::move(archive); }

std::shared_ptr<Stream> Simulator::create_stream(StreamSettings settings, std::int64_t ready_in_ms) {
  const std::int64_t now = now_ms();
  auto stream = std::make_shared<Stream>(settings, settings_.ledger, settings_.account, now, now + ready_in_ms);
  {
    const std::unique_lock lock(streams_mutex_);
    if (!streams_.emplace(settings.name, stream).second) return nullptr;
  }
  streams_changed();
  return stream;
}

std::shared_ptr<Stream> Simulator::find_stream(std::string_view name) const {
  const std::shared_lock lock(streams_mutex_);
  const auto found = streams_.find(name);
  return found == streams_.end() ? nullptr : found->second;
}

bool Simulator::remove_stream(std::string_view name) {
  {
    const std::unique_lock lock(streams_mutex_);
    const auto found = streams_.find(name);
    if (found == streams_.end()) return false;
    found->second->set_deleting();
    streams_.erase(found);
  }
  if (archive_) archive_->forget(std::string(name));
  streams_changed();
  return true;
}

std::vector<std::shared_ptr<Stream>> Simulator::streams() const {
  const std::shared_lock lock(streams_mutex_);
  std::vector<std::shared_ptr<Stream>> out;
  for (const auto& [name, stream] : streams_) out.push_back(stream);
  return out;
}

std::string Simulator::stream_arn(std::string_view name) const {
  return "arn:aws:kinesis:" + settings_.region + ":" + settings_.account + ":stream/" + std::string(name);
}

std::string_view Simulator::name_in_arn(std::string_view arn) const {
  const std::string prefix = stream_arn("");
  return arn.starts_with(prefix) ? arn.substr(prefix.size()) : std::string_view{};
}

void Simulator::streams_changed() {
  if (archive_) archive_->save_streams(*this);
}

}  // namespace kinesim
