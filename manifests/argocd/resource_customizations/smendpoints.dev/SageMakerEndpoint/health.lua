-- As kstatus, and with it Flux and Helm 4, reads an object: Stalled is Degraded, Reconciling is Progressing, and nothing
-- counts before it speaks of the spec as it is. Argo CD's Lua has no library of strings.
local hs = { status = "Progressing", message = "Waiting for the operator" }
local found = {}
if obj.status ~= nil and obj.status.conditions ~= nil then
  for _, condition in ipairs(obj.status.conditions) do
    found[condition.type] = condition
  end
end
local ready, reconciling, stalled = found["Ready"], found["Reconciling"], found["Stalled"]

if obj.metadata.deletionTimestamp ~= nil then
  hs.message = "Waiting for AWS to delete what the object made"
  if reconciling ~= nil or stalled ~= nil then
    hs.message = (reconciling or stalled).message
  end
  hs.deletionMessage = hs.message
  if stalled ~= nil and stalled.status == "True" then
    hs.status = "Degraded"
  end
  return hs
end
if ready == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return hs
end
hs.message = ready.message
if stalled ~= nil and stalled.status == "True" then
  hs.status = "Degraded"
  hs.message = stalled.message
elseif reconciling ~= nil and reconciling.status == "True" then
  hs.message = reconciling.message
elseif obj.spec.suspend == true then
  hs.status = "Suspended"
elseif ready.status == "True" then
  hs.status = "Healthy"
end
return hs
