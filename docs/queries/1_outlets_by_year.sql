-- Articles by outlet and year, with average quality and the share of drafts
-- why a warehouse user asks this: to see who delivers, whether it gets better, and how much of it is unfinished
SELECT
    provider_name AS outlet,
    year(published_at AT TIME ZONE 'UTC') AS year,
    count(*) AS articles,
    round(avg(quality), 1) AS avg_quality,
    round(100 * avg(CASE WHEN is_published = false THEN 1 ELSE 0 END), 1) AS drafts_percent
FROM articles
GROUP BY ALL
ORDER BY year DESC, articles DESC, outlet
LIMIT 12;
