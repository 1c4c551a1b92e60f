#include "cli/journal_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/text.h"
#include "cli/rest_commands.h"
#include "cli/terminal.h"
#include "cli/text_table.h"
#include "event/entry.h"
#include "event/envelope.h"
#include "journal/frame_walk.h"
#include "journal/segment_format.h"
#include "journal/segment_summary.h"

namespace sluice::cli {
namespace {

using nlohmann::ordered_json;

struct JournalArguments {
  std::string data_dir = "data";
  std::string environment;  // id; empty: all
  bool json = false;
};

struct JournalSummary {
  std::uint64_t segments = 0, frames = 0, entries = 0, damaged_regions = 0, damaged_bytes = 0, torn_bytes = 0;
  std::int64_t oldest_ms = 0, newest_ms = 0;
  std::map<ObjectId, journal::JournalCount> environments;
};

// Called with each intact entry and the file that contains it.
using EntryVisitor = std::function<void(const storage::File&, const journal::WalkedFrame&, std::uint64_t segment)>;

// Walks one segment. Bytes that are no frame are damage, except at the end of the last segment: there they are what a
// crash left, or unused space.
storage::FileResult<void> walk_segment(const storage::File& file, const journal::SegmentHeader& header,
                                       std::uint64_t size, bool last, const EntryVisitor& visit,
                                       JournalSummary& found) {
  journal::FrameWalk walk(file, journal::frame_seed(header), journal::kSegmentHeaderBytes, size,
                          header.first_sequence - 1, journal::FrameWalk::Payloads::check);
  std::uint64_t expected = journal::kSegmentHeaderBytes;
  const auto damaged = [&](std::uint64_t bytes) {
    ++found.damaged_regions;
    found.damaged_bytes += bytes;
  };
  while (true) {
    const auto next = walk.next();
    if (!next) return tl::unexpected(next.error());
    const auto& frame = *next;
    if (!frame) break;
    if (frame->offset > expected) damaged(frame->offset - expected);
    expected = frame->end;
    ++found.frames;
    if (frame->header.kind != journal::FrameKind::entry) continue;
    if (!frame->payload_holds) {
      damaged(frame->end - frame->offset);
      continue;
    }
    ++found.entries;
    journal::add_to(found.environments[frame->header.environment], frame->header);
    const std::int64_t received_ms = frame->header.received_ms;
    found.oldest_ms = found.oldest_ms == 0 ? received_ms : std::min(found.oldest_ms, received_ms);
    found.newest_ms = std::max(found.newest_ms, received_ms);
    if (visit) visit(file, *frame, header.number);
  }
  if (last) found.torn_bytes += size - std::min(size, expected);
  return {};
}

Result<JournalSummary> walk_journal(const JournalArguments& given, const char* what, const EntryVisitor& visit) {
  const auto files = storage::make_posix_file_system();
  const std::string folder = given.data_dir + "/journal/segments";
  auto names = files->list(folder);
  if (!names)
    return fail(fmt::format("There is no journal in {}: {}. Name the server's data directory with --data-dir.",
                            given.data_dir, names.error().message));
  std::erase_if(*names, [](const std::string& name) { return !name.ends_with(".segment"); });
  std::sort(names->begin(), names->end());
  JournalSummary found;
  ProgressBar bar(what);
  for (std::size_t i = 0; i < names->size(); ++i) {
    bar.show(static_cast<double>(i) / static_cast<double>(names->size()),
             fmt::format("{} entries", grouped(found.entries)));
    const auto file = files->open(folder + "/" + (*names)[i], false);
    const auto size = file ? (*file)->size() : tl::unexpected(file.error());
    if (!size) continue;  // given up by retention meanwhile
    const auto unread = [](const storage::FileError& error) {
      return fail(error.message + ". What the disk does not read is neither whole nor damaged: check the disk.");
    };
    std::string block;
    if (auto read = journal::read_range(**file, 0, journal::kSegmentHeaderBytes, block); !read)
      return unread(read.error());
    const auto header = journal::decode_segment_header(block);
    ++found.segments;
    if (!header) {
      ++found.damaged_regions;
      found.damaged_bytes += *size;
      continue;
    }
    if (auto walked = walk_segment(**file, *header, *size, i + 1 == names->size(), visit, found); !walked)
      return unread(walked.error());
  }
  return found;
}

ordered_json json_of(const JournalSummary& found) {
  ordered_json environments = ordered_json::array();
  for (const auto& [id, count] : found.environments) {
    ordered_json kinds = ordered_json::object();
    for (const event::EventKindRow& row : event::kEventKinds)
      if (const std::uint64_t events = count.events[static_cast<std::size_t>(row.kind)];
          events > 0 && row.kind != event::EventKind::original)
        kinds[std::string(row.name)] = events;
    environments.push_back({{"id", id.hex()},
                            {"entries", count.entries},
                            {"bytes", count.bytes},
                            {"events", kinds},
                            {"originals", count.events[static_cast<std::size_t>(event::EventKind::original)]}});
  }
  return {{"segments", found.segments},
          {"entries", found.entries},
          {"damagedRegions", found.damaged_regions},
          {"damagedBytes", found.damaged_bytes},
          {"oldest", found.oldest_ms},
          {"newest", found.newest_ms},
          {"environments", std::move(environments)}};
}

int told(const Error& error) {
  complain(error.message);
  return 2;
}

int verify(const JournalArguments& given) {
  const auto found = walk_journal(given, "Verifying", nullptr);
  if (!found) return told(found.error());
  if (given.json) {
    std::puts(json_of(*found).dump().c_str());
  } else if (found->damaged_regions == 0) {
    std::printf("The journal is intact: %s entries in %s segments, all checksums match.\n",
                grouped(found->entries).c_str(), grouped(found->segments).c_str());
  } else {
    std::printf(
        "%s of %s are damaged in %s places; the entries there are lost, %s others are intact. Check the "
        "disk.\n",
        human_bytes(found->damaged_bytes).c_str(), given.data_dir.c_str(), grouped(found->damaged_regions).c_str(),
        grouped(found->entries).c_str());
  }
  return found->damaged_regions == 0 ? 0 : kRefused;
}

int stats(const JournalArguments& given) {
  const auto found = walk_journal(given, "Counting", nullptr);
  if (!found) return told(found.error());
  const ordered_json body = json_of(*found);
  if (given.json) {
    std::puts(body.dump().c_str());
    return 0;
  }
  std::printf("%s segments, %s entries", grouped(found->segments).c_str(), grouped(found->entries).c_str());
  if (found->oldest_ms > 0)
    std::printf(", from %s to %s", iso_time_ms(found->oldest_ms).c_str(), iso_time_ms(found->newest_ms).c_str());
  std::puts(".");
  std::vector<std::vector<std::string>> rows = {{"ENVIRONMENT", "ENTRIES", "BYTES", "EVENTS"}};
  for (const ordered_json& one : body["environments"]) {
    std::string kinds;
    for (const auto& [kind, events] : one["events"].items())
      kinds += fmt::format("{}{} {}", kinds.empty() ? "" : ", ", grouped(events.get<std::uint64_t>()), kind);
    if (const auto originals = one["originals"].get<std::uint64_t>(); originals > 0)
      kinds += fmt::format("{}{} payloads as sent", kinds.empty() ? "" : "; ", grouped(originals));
    rows.push_back({one["id"], grouped(one["entries"].get<std::uint64_t>()),
                    human_bytes(one["bytes"].get<std::uint64_t>()), kinds});
  }
  if (rows.size() > 1) std::fputs(text_table(rows, terminal_columns()).c_str(), stdout);
  return 0;
}

void dump_entry(const storage::File& file, const journal::WalkedFrame& frame, std::uint64_t segment) {
  std::string bytes;
  const auto read =
      journal::read_range(file, frame.offset + frame.header.header_bytes(), frame.header.payload_bytes, bytes);
  if (!read) complain(read.error().message);
  const auto view = event::EntryView::open(bytes);
  if (!view) return;
  const event::EnvelopeWriter envelope(*view, event::EnvelopeOptions{false});
  event::EventSlot slot;
  event::EntryView::Walk walk;
  while (view->next(walk, slot)) {
    if (slot.kind == event::EventKind::original) continue;  // its events are dumped
    std::string record;
    envelope.append(record, slot);
    print_json(fmt::format("{{\"position\":\"{}/{}\",\"received\":{},\"kind\":\"{}\",\"record\":{}}}\n", segment,
                           frame.offset, frame.header.received_ms, event::event_kind_name(slot.kind), record));
  }
}

int dump(const JournalArguments& given) {
  const auto only = ObjectId::parse(given.environment);
  if (!given.environment.empty() && !only)
    return told({fmt::format("\"{}\" is not an environment id; expected 24 hex digits.", given.environment)});
  const auto found = walk_journal(
      given, "Reading", [&](const storage::File& file, const journal::WalkedFrame& frame, std::uint64_t segment) {
        if (!only || frame.header.environment == *only) dump_entry(file, frame, segment);
      });
  if (!found) return told(found.error());
  return found->damaged_regions == 0 ? 0 : kRefused;
}

}  // namespace

void add_journal_commands(CLI::App& app, std::function<int()>& chosen) {
  CLI::App* group = app.add_subcommand("journal", "Inspect a journal on disk, without a server");
  group->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, int (*run)(const JournalArguments&)) {
    CLI::App* command = group->add_subcommand(name, help);
    const auto given = std::make_shared<JournalArguments>();
    command->add_option("--data-dir", given->data_dir, "The server's data directory")
        ->type_name("FOLDER")
        ->envname("SLUICE_DATA_DIR");
    if (run == dump)
      command->add_option("--environment", given->environment, "Only this environment")->type_name("ID");
    else
      command->add_flag("--json", given->json, "As JSON");
    command->callback([given, run, &chosen] { chosen = [given, run] { return run(*given); }; });
  };
  add("verify", "Check all checksums; exit status 1 if anything is damaged", verify);
  add("stats", "Print its contents by environment and kind", stats);
  add("dump", "Print every event, one JSON object per line", dump);
}

}  // namespace sluice::cli
