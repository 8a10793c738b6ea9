-- As kstatus reads an object. An experiment that runs is Healthy: what it waits for are requests, for weeks maybe. So is one
-- that has a verdict, whatever it says; the message tells it.
local hs = { status = "Progressing", message = "Waiting for the operator" }
if obj.metadata.deletionTimestamp ~= nil then
  hs.message = "Waiting for the endpoint to have its own weights again"
  hs.deletionMessage = hs.message
  return hs
end
if obj.status == nil or obj.status.conditions == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return hs
end
for _, condition in ipairs(obj.status.conditions) do
  if condition.status == "True" and condition.type == "Stalled" then
    return { status = "Degraded", message = condition.message }
  end
  if condition.type == "Ready" then
    hs.message = condition.message
    if condition.status == "True" then
      hs.status = "Healthy"
    end
  end
end
return hs
