select
    cast(published_at at time zone 'UTC' as date) as published_on,
    coalesce(provider_name, '(none)') as provider,
    count(*) as articles,
    sum(copies) as copies,
    count(*) filter (where not is_published) as drafts
from {{ source('presslake', 'articles') }}
group by all
order by published_on, provider
