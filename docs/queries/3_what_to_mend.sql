-- What an editor has to mend, file by file
-- why a warehouse user asks this: every line is a place to open in an editor; once mended, the next run loads the file
WITH findings AS (
    SELECT source_path, unnest(violations) AS finding
    FROM quarantine
),
lines AS (
    SELECT
        source_path,
        finding.line AS line,
        finding.column AS position,
        -- A finding about the whole file has no line: concat_ws leaves that part out.
        concat_ws(':', source_path, nullif(finding.line, 0), nullif(finding.column, 0))
        || ' ' || finding.code || ' ' || coalesce(finding.field || ': ', '') || finding.message AS mend
    FROM findings
    -- A warning does not keep a file out; rows of older versions do not say which of the two a finding is.
    WHERE finding.severity IS DISTINCT FROM 'warning'
)
SELECT CASE WHEN length(mend) > 104 THEN left(mend, 103) || '…' ELSE mend END AS what_to_mend
FROM lines
ORDER BY source_path, line NULLS FIRST, position;
