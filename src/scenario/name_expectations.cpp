// Actions: what is read of names, and compared with what a scenario says.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "scenario/actions.hpp"

namespace horde::scenario {
namespace {

// A value of a process that was not given by a scenario need not be JSON.
std::string shown(const base::Bytes& value) {
  const auto json = nlohmann::json::from_cbor(value, true, false);
  return json.is_discarded() ? '"' + base::printable(value) + '"'
                             : json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string shown(const std::vector<NameRow>& rows) {
  std::string text;
  for (const NameRow& row : rows) {
    text += (text.empty() ? "" : ", ") + to_string(row.pid);
  }
  return text.empty() ? "nobody" : text;
}

}  // namespace

void Actions::on(const GetMeta& get, Place place) {
  Cluster::Resolver resolve = resolver(place);
  for (const NodeIndex node : running(resolve, get.via)) {
    const auto read = run_->world.meta(node, get.key);
    const std::optional<base::Bytes> wanted =
        get.value ? std::optional(get.value->bytes) : std::nullopt;
    if (read != wanted) {
      fail("get_meta", node, get.key,
           "reads " + (read ? shown(*read) : "nothing") + "; " +
               (wanted ? shown(*wanted) : "nothing") + " was expected");
    }
  }
}

void Actions::on(const Lookup& lookup, Place place) {
  Cluster::Resolver resolve = resolver(place);
  const auto on = lookup.on ? resolver(place)(*lookup.on) : std::nullopt;
  const auto process = lookup.process ? find_process(*lookup.process) : std::nullopt;
  for (const NodeIndex node : running(resolve, lookup.via)) {
    const std::vector<NameRow> rows = run_->world.holders(node, lookup.name);
    const auto any = [&](auto&& fits) { return std::ranges::any_of(rows, fits); };
    const auto expected = [&](const std::string& what) {
      fail("lookup", node, lookup.name, "reads " + shown(rows) + "; " + what + " was expected");
    };
    if (lookup.nobody) {
      if (!rows.empty()) {
        expected("nobody");
      }
    } else if (rows.empty()) {
      expected("a holder");
    } else if (lookup.on && (!on || !any([&](const NameRow& row) {
                 return run_->cluster.find(row.pid.run.node) == *on;
               }))) {
      expected("a process on " + to_string(*lookup.on));
    } else if (lookup.process &&
               (!process || !any([&](const NameRow& row) { return row.pid == process->pid; }))) {
      expected(*lookup.process);
    } else if (lookup.value &&
               !any([&](const NameRow& row) { return row.value == lookup.value->bytes; })) {
      fail("lookup", node, lookup.name,
           "has the value " + shown(rows.front().value) + "; " + shown(lookup.value->bytes) +
               " was expected");
    }
  }
}

void Actions::on(const SelectNames& select, Place place) {
  Cluster::Resolver resolve = resolver(place);
  for (const NodeIndex node : running(resolve, select.via)) {
    std::vector<std::string> names;
    for (const NameRow& row : run_->world.names(node)) {
      if (row.key.starts_with(select.prefix) &&
          (!select.value || row.value == select.value->bytes)) {
        names.push_back(row.key);
      }
    }
    if (select.count && std::cmp_not_equal(names.size(), *select.count)) {
      fail("select_names", node, select.prefix,
           "has " + std::to_string(names.size()) + " such entries; " +
               std::to_string(*select.count) + " were expected");
    }
    if (select.names) {
      std::vector<std::string> wanted = *select.names;
      std::ranges::sort(wanted);
      std::ranges::sort(names);
      if (names != wanted) {
        std::string list;
        for (const std::string& name : names) {
          list += (list.empty() ? "" : ", ") + base::printable(name);
        }
        fail("select_names", node, select.prefix,
             "has others than expected: " + (list.empty() ? "none" : list));
      }
    }
  }
}

void Actions::expect_names(NodeIndex node, const Expect& expect,
                           const std::map<std::string, std::optional<NodeIndex>>& held) {
  if (expect.names) {
    expect_count(node, static_cast<std::int64_t>(run_->world.names_count(node)), expect.names,
                 "names");
  }
  for (const auto& [name, home] : held) {
    const std::vector<NameRow> rows = run_->world.holders(node, name);
    const bool is_there = home && std::ranges::any_of(rows, [&](const NameRow& row) {
                            return run_->cluster.find(row.pid.run.node) == *home;
                          });
    if (!is_there) {
      fail("expect", node, name,
           "reads " + shown(rows) + "; a process on " + to_string(expect.held.at(name)) +
               " was expected");
    }
  }
  for (const std::string& name : expect.free) {
    if (const auto rows = run_->world.holders(node, name); !rows.empty()) {
      fail("expect", node, name, "reads " + shown(rows) + "; nobody was expected");
    }
  }
}

}  // namespace horde::scenario
