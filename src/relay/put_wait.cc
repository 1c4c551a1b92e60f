#include "relay/put_wait.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/text.h"

namespace sluice::relay {

using http_client::EventSourceProblem;
using http_client::EventSourceProgress;
using Phase = http_client::EventSourceState::Phase;

PutWait put_wait(const EventSourceProgress& progress, bool has_put) {
  PutWait wait;
  if (progress.phase == Phase::connecting)
    wait.awaited = Awaited::answer;
  else if (progress.phase == Phase::connected && !has_put)
    wait.awaited = progress.unfinished_bytes > 0 ? Awaited::rest : Awaited::put;
  else
    return wait;
  wait.say_us = progress.begun_us + kSayAfterMs * 1'000;
  if (wait.awaited == Awaited::answer) return wait;
  wait.give_up_us = progress.connected_us + kGiveUpAfterMs * 1'000;
  if (wait.awaited == Awaited::rest)
    wait.give_up_us = std::max(wait.give_up_us, progress.unfinished_us + kGiveUpUnfinishedAfterMs * 1'000);
  return wait;
}

EventSourceProblem problem_of_wait(Awaited awaited, const EventSourceProgress& progress) {
  EventSourceProblem problem;
  if (awaited == Awaited::answer) {
    problem.text = fmt::format("It has not answered in {} s.", kSayAfterMs / 1'000);
    problem.remedy =
        "Check that the flag source runs, its address, and the network. It is asked again until it answers.";
  } else if (awaited == Awaited::put) {
    problem.text = "It is connected, and has sent no flags yet.";
    problem.remedy = fmt::format(
        "Check that the address is a flag source's, that it has flags itself, and whether something on the way holds "
        "streams back. After {} s without flags it is asked again.",
        kGiveUpAfterMs / 1'000);
  } else {
    problem.text =
        fmt::format("Its flags come slowly: {} so far, and not all.", human_bytes(progress.unfinished_bytes));
    problem.remedy = "Check the network if this lasts. The connection is kept until all have come.";
  }
  return problem;
}

EventSourceProblem problem_without_put(const EventSourceProgress& progress, std::uint64_t events, std::int64_t now_us) {
  EventSourceProblem problem;
  problem.fault = http_client::TransportFault::timeout;
  const std::int64_t connected_s = (now_us - progress.connected_us) / 1'000'000;
  if (progress.unfinished_bytes > 0)
    problem.text = fmt::format("It sends no more of its flags: {} came, and nothing of the rest in {} s.",
                               human_bytes(progress.unfinished_bytes), (now_us - progress.unfinished_us) / 1'000'000);
  else if (events > 0)
    problem.text = fmt::format("It sends no flags: {} {} came in {} s, and none is a put.", events,
                               events == 1 ? "event" : "events", connected_s);
  else if (progress.bytes > 0)
    problem.text = fmt::format("It sends no flags: what came in {} s are no events.", connected_s);
  else
    problem.text = fmt::format("It sends no flags: it is connected, and nothing came in {} s.", connected_s);
  problem.remedy =
      "Check that the address is a flag source's, that it has flags itself, and whether something on the way changes "
      "streams or holds them back. It is asked again until they come.";
  return problem;
}

}  // namespace sluice::relay
