-- wrk script: line protocol of many robots in turn. Arguments: a JSON-free plan file, one "key=value" a line.
--   url path, headers and bodies are prepared by bodies.ts; see there.
local plan = {}
local tokens, bodies = {}, {}

local function read(path)
  local file = assert(io.open(path, 'rb'))
  local text = file:read('*a')
  file:close()
  return text
end

function init(args)
  for line in io.lines(args[1]) do
    local key, value = line:match('^(%w+)=(.*)$')
    if key then plan[key] = value end
  end
  for token in io.lines(plan.tokens) do tokens[#tokens + 1] = plan.scheme .. ' ' .. token end
  for i = 1, tonumber(plan.bodies) do
    local text = read(plan.folder .. '/' .. i)
    if plan.encoding == 'gzip' then
      bodies[i] = text
    else
      local lines = {}
      for line in text:gmatch('[^\n]+') do lines[#lines + 1] = line end
      lines[#lines + 1] = ''
      bodies[i] = lines
    end
  end
end

local count, clock = 0, 0
function request()
  count = count + 1
  local body = bodies[count % #bodies + 1]
  if plan.encoding ~= 'gzip' then
    -- A new time for each request: nothing is stored twice.
    clock = clock + 1
    body = table.concat(body, string.format(' %s%09d\n', plan.second, clock))
  end
  local headers = {
    ['Authorization'] = tokens[count % #tokens + 1],
    ['Content-Type'] = 'text/plain; charset=utf-8',
  }
  if plan.encoding == 'gzip' then headers['Content-Encoding'] = 'gzip' end
  return wrk.format('POST', plan.path, headers, body)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"requests":%d,"seconds":%.6f,"p50_ms":%.3f,"p99_ms":%.3f,"failed":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
