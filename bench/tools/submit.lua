-- Submits tasks for many hosts in turn. Arguments: the port of the pages, the number of hosts, the host to begin with.
local requests, at = {}, 0

function init(args)
  local port, hosts = args[1], tonumber(args[2])
  for n = 0, hosts - 1 do
    local url = string.format('{"url":"http://127.0.%d.%d:%s/page/%d"}', math.floor(n / 250), n % 250 + 1, port, n)
    requests[n + 1] = wrk.format("POST", nil, { ["Content-Type"] = "application/json" }, url)
  end
  at = tonumber(args[3]) % hosts
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format("RESULT %d %d %d %d", summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout, summary.duration))
end
