// Calls to the sources of flags that strangers cause, and those that wait for one: which may begin now, and whose turn
// it is. What one of them asks, and a source that answers it slowly, holds up nobody else's call.
//
// A source (its host and port) has kMaxCallsOfSource places, all together kMaxCalls; relay/fair_share.h says who may
// have another. Credentials take turns, and the addresses of each: a newcomer waits for a call of each credential, not
// for all that another has queued. What waits has shares of its own, in requests and bytes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "relay/fair_share.h"

namespace sluice::relay {

// Calls to one source at a time. One address of one environment gets a third: 32, which is 320 answers a second if each
// takes 100 ms, and more than a ping to many clients asks for (kPingsPerS).
inline constexpr std::uint64_t kMaxCallsOfSource = 96;
// Calls to all sources. No source has more than are left to the others.
inline constexpr std::uint64_t kMaxCalls = 192;
// Requests that wait for a call, and their paths and bodies together. A third of it is one address's of one credential;
// a connection waits with each, of which there are 8,192 by default (intake.max_connections).
inline constexpr std::uint64_t kMaxWaiting = 8'192;
inline constexpr std::uint64_t kMaxWaitingBytes = 48u << 20;
// Queues that next() looks at before it leaves the rest to its next call: an address that knows thousands of public ids
// and waits with each.
inline constexpr int kMaxLooks = 256;

// One thread at a time. `Work`: what is to be done, moved.
template <class Work>
class FairQueue {
 public:
  struct Call {
    std::string source;  // its host and port
    PlaceOwner owner;
    std::uint64_t bytes = 0;
    std::int64_t since_us = 0;  // when it came
    Work work;
  };

  // False: its owner's share of what may wait is used up, and `call` stays as it is.
  bool put(Call&& call) {
    if (!waiting_.may_take(call.owner, 1) || !waiting_bytes_.may_take(call.owner, call.bytes)) return false;
    waiting_.take(call.owner, 1);
    waiting_bytes_.take(call.owner, call.bytes);
    fresh_.emplace_back(call.source, call.owner);
    Source& source = sources_.try_emplace(call.source).first->second;
    source.queues[call.owner.credential].by_address[call.owner.address].push_back(std::move(call));
    return true;
  }

  // A call that may begin now: its place is taken until finished().
  std::optional<Call> next() {
    // Whoever may begin when it comes does, however many are there that may not.
    for (; !fresh_.empty(); fresh_.pop_front())
      if (auto call = first_of(fresh_.front().first, fresh_.front().second)) return call;
    int looks = kMaxLooks;
    auto at = sources_.upper_bound(last_source_);
    for (std::size_t left = sources_.size(); left > 0 && looks > 0; --left, ++at) {
      if (at == sources_.end()) at = sources_.begin();
      last_source_ = at->first;
      --looks;
      if (auto call = next_of(at->second, looks)) return call;
    }
    return std::nullopt;
  }

  void finished(const std::string& source, const PlaceOwner& owner) {
    const auto found = sources_.find(source);
    SLUICE_CHECK(found != sources_.end(), "a source with a call is kept");
    found->second.calls.give_back(owner, 1);
    --calls_;
    if (found->second.is_unused()) sources_.erase(found);
  }

  // Takes out what came before `since_us`, and no more than `most` of it.
  std::vector<Call> take_older(std::int64_t since_us, std::size_t most) {
    std::vector<Call> older;
    for (auto source = sources_.begin(); source != sources_.end();) {
      for (auto queue = source->second.queues.begin(); queue != source->second.queues.end();) {
        auto& by_address = queue->second.by_address;
        for (auto calls = by_address.begin(); calls != by_address.end();) {
          while (!calls->second.empty() && older.size() < most && calls->second.front().since_us < since_us)
            older.push_back(take_first(calls->second));
          calls = calls->second.empty() ? by_address.erase(calls) : std::next(calls);
        }
        queue = by_address.empty() ? source->second.queues.erase(queue) : std::next(queue);
      }
      source = source->second.is_unused() ? sources_.erase(source) : std::next(source);
    }
    return older;
  }

  std::uint64_t waiting() const { return waiting_.used(); }
  std::uint64_t calls() const { return calls_; }

 private:
  using Calls = std::deque<Call>;
  struct Credential {
    std::map<std::string, Calls> by_address;  // none is empty
    std::string last_address;                 // whose turn was last
  };
  struct Source {
    FairShare calls{kMaxCallsOfSource};
    std::map<std::uint64_t, Credential> queues;  // by credential; none is empty
    std::uint64_t last_credential = 0;
    bool is_unused() const { return calls.used() == 0 && queues.empty(); }
  };

  Call take_first(Calls& calls) {
    Call call = std::move(calls.front());
    calls.pop_front();
    waiting_.give_back(call.owner, 1);
    waiting_bytes_.give_back(call.owner, call.bytes);
    return call;
  }

  // What counts as free of a source's places.
  std::uint64_t most_free(const Source& source) const {
    const std::uint64_t left = kMaxCalls - calls_;
    return left > source.calls.used() ? left - source.calls.used() : 0;
  }

  Call begin(Source& source, Calls& calls) {
    Call call = take_first(calls);
    source.calls.take(call.owner, 1);
    ++calls_;
    return call;
  }

  std::optional<Call> first_of(const std::string& name, const PlaceOwner& owner) {
    const auto source = sources_.find(name);
    if (source == sources_.end()) return std::nullopt;
    auto& queues = source->second.queues;
    const auto queue = queues.find(owner.credential);
    if (queue == queues.end() || !source->second.calls.may_take(owner, 1, most_free(source->second)))
      return std::nullopt;
    auto& by_address = queue->second.by_address;
    const auto calls = by_address.find(owner.address);
    if (calls == by_address.end()) return std::nullopt;
    Call call = begin(source->second, calls->second);
    if (calls->second.empty()) by_address.erase(calls);
    if (by_address.empty()) queues.erase(queue);
    return call;
  }

  std::optional<Call> next_of(Source& source, int& looks) {
    auto at = source.queues.upper_bound(source.last_credential);
    for (std::size_t left = source.queues.size(); left > 0 && looks > 0; --left, ++at) {
      if (at == source.queues.end()) at = source.queues.begin();
      source.last_credential = at->first;
      --looks;
      if (!source.calls.may_take_some(at->first, most_free(source))) continue;
      auto call = next_of(at->second, source, looks);
      if (!call) continue;
      if (at->second.by_address.empty()) source.queues.erase(at);
      return call;
    }
    return std::nullopt;
  }

  std::optional<Call> next_of(Credential& credential, Source& source, int& looks) {
    auto at = credential.by_address.upper_bound(credential.last_address);
    for (std::size_t left = credential.by_address.size(); left > 0 && looks > 0; --left, ++at) {
      if (at == credential.by_address.end()) at = credential.by_address.begin();
      credential.last_address = at->first;
      --looks;
      if (!source.calls.may_take(at->second.front().owner, 1, most_free(source))) continue;
      Call call = begin(source, at->second);
      if (at->second.empty()) credential.by_address.erase(at);
      return call;
    }
    return std::nullopt;
  }

  std::deque<std::pair<std::string, PlaceOwner>> fresh_;  // of calls that came since the last next()
  std::map<std::string, Source> sources_;
  std::string last_source_;
  std::uint64_t calls_ = 0;
  FairShare waiting_{kMaxWaiting}, waiting_bytes_{kMaxWaitingBytes};
};

}  // namespace sluice::relay
